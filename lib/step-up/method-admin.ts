import { parseId, parseUserId } from '../internal/arguments.js';
import { SetupError } from '../internal/setup-error.js';
import type { Method } from '../methods/method.js';
import type { Services } from '../services.js';
import { noMethods } from './methods.js';

/**
 * Users' methods for the app's own code, a helpdesk or a move. There is no session: who calls is the app's business.
 * Every call rejects with a `SetupError` for a user id that is none and for a method that isn't configured.
 */
export interface MethodAdmin<Name extends string> {
  /** Which methods the user has, strongest first. */
  readonly list: (userId: string) => Promise<readonly { readonly method: Name; readonly enrolled: boolean }[]>;
  /**
   * Moves in what the user has elsewhere: data in the method's own form. Where the user had the method already, it may be
   * replaced by this, and what was proved with it in the user's sessions goes as by `remove`.
   */
  readonly import: (userId: string, method: Name, data: unknown) => Promise<void>;
  /**
   * Removes one credential, or without an `id` all of the method, and what was proved with the method in the user's
   * sessions. False when there was none.
   */
  readonly remove: (userId: string, method: Name, id?: string) => Promise<boolean>;
  /** Lets a method be tried again after too many failures. */
  readonly unlock: (userId: string, method: Name) => Promise<void>;
}

export function createMethodAdmin({
  methods,
  attempts,
  emit,
}: Pick<Services, 'methods' | 'attempts' | 'emit'>): MethodAdmin<string> {
  function methodOf(name: string): Method {
    const method = methods.get(name);
    if (method !== undefined) return method;
    if (methods.names.length === 0) throw noMethods();
    throw new SetupError(`There is no method \`${name}\`.`, `Write one of: ${methods.names.join(', ')}.`);
  }

  return {
    async list(userId) {
      if (methods.names.length === 0) throw noMethods();
      const enrolled = await methods.enrolled(methods.names, parseUserId(userId));
      return methods.names.map((method) => ({ method, enrolled: enrolled.includes(method) }));
    },
    async import(userId, name, data) {
      const context = methods.contextFor(parseUserId(userId));
      const method = methodOf(name);
      if (method.import === undefined) throw new SetupError(`\`${name}\` can't be moved in.`, 'Enrol it anew.');
      const [had] = await methods.enrolled([name], userId);
      await method.import(context, data);
      if (had !== undefined) await methods.forget(userId, name);
      emit({ type: 'method.enrolled', userId, method: name });
    },
    async remove(userId, name, id) {
      const context = methods.contextFor(parseUserId(userId));
      const method = methodOf(name);
      // Null isn't "left out": it would remove all of the method where one credential was meant.
      const credential = id === undefined ? null : parseId('id', id, 'the id of a credential');
      const removed = (await method.remove?.(context, credential)) ?? false;
      await methods.forget(userId, name);
      if (removed) {
        emit({
          type: 'method.removed',
          userId,
          method: name,
          ...(credential === null ? {} : { credentialId: credential }),
        });
      }
      return removed;
    },
    async unlock(userId, name) {
      await attempts.unlock(parseUserId(userId), methodOf(name).name);
      emit({ type: 'method.unlocked', userId, method: name });
    },
  };
}

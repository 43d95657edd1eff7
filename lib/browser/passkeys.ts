import type { CeremonyJson, PasskeyJson, PasskeysJson } from '../wire.js';
import type { Call } from './call.js';
import { forget, inDialog } from './webauthn.js';

export interface Passkeys {
  /** Makes a passkey on this device, or on one that the user chooses. `label`: what the user calls it. */
  readonly add: (options?: { readonly label?: string }) => Promise<PasskeyJson>;
  readonly list: () => Promise<readonly PasskeyJson[]>;
  readonly rename: (id: string, label: string) => Promise<PasskeyJson>;
  /** Removes it from the server, and asks the browser to forget it too. */
  readonly remove: (id: string) => Promise<void>;
}

export function createPasskeys(call: Call): Passkeys {
  const all = (): Promise<PasskeysJson> => call('GET', '/passkeys');
  return {
    async add({ label } = {}) {
      const { challengeId, options } = await call<CeremonyJson>('POST', '/passkeys/options');
      const response = await inDialog('create', options);
      return call('POST', '/passkeys', { challengeId, response, label });
    },
    list: async () => (await all()).passkeys,
    rename: (id, label) => call('PATCH', `/passkeys/${id}`, { label }),
    async remove(id) {
      await call('DELETE', `/passkeys/${id}`);
      const { passkeys, rpId } = await all();
      if (!passkeys.some((passkey) => passkey.id === id)) forget(id, rpId);
    },
  };
}

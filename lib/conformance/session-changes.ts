import type { SessionChange } from '../stores/contract/session-state.js';
import type { SessionRow, SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import { hashOf, NOW } from './setting.js';

type Change<Type extends SessionChange['type']> = Extract<SessionChange, { readonly type: Type }>;

/** The rotation of the refresh token of `sessionRow` or `rotatedRow`; its new tokens are named by `name`. */
export function rotate(id: string, name = 'rotated'): Change<'rotate'> {
  return {
    type: 'rotate',
    presented: hashOf(`${id} refresh`),
    successor: hashOf(`${id} ${name} refresh`),
    nonce: `${id} ${name} nonce`,
    tokenHash: hashOf(`${id} ${name} token`),
  };
}

export function renew(id: string, name = 'renewed'): Change<'renew'> {
  return {
    type: 'renew',
    refreshHash: hashOf(`${id} refresh`),
    replaces: hashOf(`${id} token`),
    nonce: `${id} ${name} nonce`,
    tokenHash: hashOf(`${id} ${name} token`),
  };
}

/** A step-up by the session token of `sessionRow` or `rotatedRow`. */
export function stepUp(id: string, method = 'passkey', name = 'stepped-up'): Change<'step-up'> {
  return {
    type: 'step-up',
    presented: hashOf(`${id} token`),
    nonce: `${id} ${name} nonce`,
    tokenHash: hashOf(`${id} ${name} token`),
    method,
    makesProof: true,
  };
}

export function replaceCredentials(id: string, name = 'replaced'): Change<'replace-credentials'> {
  return {
    type: 'replace-credentials',
    userId: 'user',
    presented: hashOf(`${id} token`),
    tokenHash: hashOf(`${id} ${name} token`),
    refreshHash: hashOf(`${id} ${name} refresh`),
  };
}

export const DROP_PROOFS: Change<'drop-proofs'> = { type: 'drop-proofs' };
export const CORRECT_TIMES: Change<'correct-times'> = { type: 'correct-times' };

export function dropMethod(method: string): Change<'drop-method'> {
  return { type: 'drop-method', method };
}

export function pick(changes: Readonly<Record<string, SessionChange>>, name: string): SessionChange {
  return changes[name] ?? assert.fail(`no change is called ${name}`);
}

/** A change at `NOW`. */
export async function change(sessions: SessionStore, id: string, asked: SessionChange): Promise<SessionRow | null> {
  return await sessions.change(id, asked, NOW);
}

/**
 * What may be asked of a row, by what it is: the changes that its tokens are for, and those that they aren't. Their new
 * tokens are named by `name`.
 */
export function changesOf(row: SessionRow, name = 'new'): Readonly<Record<string, SessionChange>> {
  const { id, userId, tokenHash } = row;
  const none = hashOf('none');
  const previous = row.previousTokenHash ?? none;
  const refresh = row.refreshHash ?? none;
  const parent = row.parentRefreshHash ?? none;
  const rotation = { ...rotate(id, name), presented: refresh };
  const renewal = { ...renew(id, name), refreshHash: refresh, replaces: tokenHash };
  const passed = { ...stepUp(id, 'passkey', name), presented: tokenHash };
  const replacement = { ...replaceCredentials(id, name), userId, presented: tokenHash };
  return {
    'a rotation by the refresh token': rotation,
    'a rotation by the parent of the refresh token': { ...rotation, presented: parent },
    'a rotation by the session token': { ...rotation, presented: tokenHash },
    'a rotation by an unknown token': { ...rotation, presented: hashOf('unknown') },
    'a renewal': renewal,
    'a renewal by the parent of the refresh token': { ...renewal, refreshHash: parent },
    'a renewal that replaces the previous token': { ...renewal, replaces: previous },
    'a step-up by the session token': passed,
    'a step-up with the method of the one before': { ...passed, method: row.tokenMethod ?? 'totp' },
    'a step-up with a method that is called __proto__': { ...passed, method: '__proto__' },
    'an approval by the session token': { ...passed, makesProof: false },
    'a step-up by the previous token': { ...passed, presented: previous },
    'an approval by the previous token': { ...passed, presented: previous, makesProof: false },
    'a step-up by the refresh token': { ...passed, presented: refresh },
    'a step-up by an unknown token': { ...passed, presented: hashOf('unknown') },
    'replaced credentials': replacement,
    'replaced credentials without a refresh token': { ...replacement, refreshHash: null },
    'credentials that are replaced by the previous token': { ...replacement, presented: previous },
    'credentials that are replaced for another user': { ...replacement, userId: 'User' },
    'dropped proofs': DROP_PROOFS,
    'a method that is dropped': dropMethod('totp'),
    'the method of the sign-in, dropped': dropMethod('password'),
    'a method that is dropped and was never passed': dropMethod('constructor'),
    'times that are corrected': CORRECT_TIMES,
  };
}

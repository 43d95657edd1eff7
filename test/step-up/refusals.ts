import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import { parseChallenges } from '../support/challenges.js';

/** The JSON of a refused step-up, without what is the same in all of them. */
export interface Asked {
  readonly rule: object;
  readonly reason: string;
  readonly missing: readonly (readonly string[])[];
  readonly methods: readonly { readonly method: string; readonly enrolled: boolean }[];
  readonly challenge?: object;
}

/**
 * That the response asks for a step-up by RFC 9470 3: 401, one challenge with nothing but the error, its description,
 * the acrs and the age; problem+json that no cache keeps; no cookie touched. Gives the rest of the JSON.
 */
export function assertAsked(response: Response, header: { acr_values?: string; max_age: string }): Asked {
  assert.equal(response.status, 401, response.text);
  const [challenge, ...others] = parseChallenges(response.headers['www-authenticate'] ?? '');
  assert.deepEqual(others, []);
  assert.equal(challenge?.scheme, 'Bearer');
  const { error, error_description: description = '', ...params } = challenge.params;
  assert.equal(error, 'insufficient_user_authentication');
  assert.match(description, /^This request needs [a-z ]+$/);
  assert.deepEqual(params, header);
  assert.equal(response.headers['content-type'], 'application/problem+json');
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers['set-cookie'], undefined);
  const { type, title, status, code, detail, ...rest } = response.body;
  assert.deepEqual(
    { type, title, status, code },
    { type: 'about:blank', title: 'Unauthorized', status: 401, code: 'step_up_required' },
  );
  assert.match(detail, /^[A-Z].*\.$/);
  return rest;
}

import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { RefusalCode } from '../../lib/http/refusal.js';
import { parseChallenges } from './challenges.js';
import { ORIGIN } from './instance.js';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

/**
 * That the response refuses as stepgate refuses: problem+json with nothing but the public members (RFC 9457 3.1), kept
 * by no cache, no cookie touched, and a challenge with every 401 (RFC 9110 15.5.2) and with nothing else.
 */
export function assertRefused(response: Response, status: number, code: RefusalCode): void {
  assert.equal(response.status, status, response.text);
  assert.equal(response.headers['content-type'], 'application/problem+json');
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers['set-cookie'], undefined);
  const { detail, type, title, status: said, code: given, ...rest } = response.body;
  assert.deepEqual(
    { type, title, said, given },
    { type: 'about:blank', title: TITLES[status], said: status, given: code },
  );
  assertMembers(response, code, rest);
  assert.match(detail, /^(?:[A-Z]|`\w+` ).*\.$/);
  assert.equal(challengeOf(response), status === 401 ? challengeFor(code) : undefined);
}

/** What a client is told beside the code: no more than what section of docs/errors.md says. */
function assertMembers(response: Response, code: RefusalCode, members: Readonly<Record<string, unknown>>): void {
  if (code === 'method_locked' || code === 'too_many_pending' || code === 'slow_down') {
    assert.deepEqual(members, { retryAfter: Number(response.headers['retry-after']) });
    return;
  }
  const { unknownCredential, ...all } = members;
  assert.ok(unknownCredential === undefined || unknownCredential === true);
  if (code !== 'step_up_failed') {
    assert.deepEqual(all, {});
    assert.ok(unknownCredential === undefined || code === 'sign_in_refused');
    return;
  }
  const { reason, attemptsLeft, challenge, spentAt, ...others } = all;
  assert.deepEqual(others, {});
  if (reason === 'challenge') {
    assert.deepEqual(members, { reason }); // which has cost nothing, and so says nothing
    return;
  }
  assert.equal(reason, 'response');
  assert.ok(attemptsLeft === undefined || Number.isInteger(attemptsLeft), String(attemptsLeft));
  assert.ok(challenge !== undefined || spentAt === undefined);
}

/** RFC 6750 3.1: no error code for a request that brought no credential, `invalid_token` for one that is no good. */
function challengeFor(code: RefusalCode): string {
  return code === 'session_required' ? 'no error' : 'invalid_token';
}

function challengeOf(response: Response): string | undefined {
  const header: string | undefined = response.headers['www-authenticate'];
  if (header === undefined) return undefined;
  const [challenge, ...others] = parseChallenges(header);
  assert.deepEqual(others, []);
  assert.equal(challenge?.scheme, 'Bearer');
  assert.equal(challenge.params['realm'], ORIGIN);
  const { error = 'no error', acr_values, max_age } = challenge.params;
  assert.deepEqual([acr_values, max_age], [undefined, undefined]);
  if (error === 'no error') assert.deepEqual(Object.keys(challenge.params), ['realm']);
  return error;
}

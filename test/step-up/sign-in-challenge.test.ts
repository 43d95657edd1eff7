import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSecrets } from '../../lib/internal/keys.js';
import { encode, newToken } from '../../lib/internal/tokens.js';
import { createSignInChallenges, type SignInChallenges } from '../../lib/step-up/sign-in-challenge.js';
import type { ChallengeStore } from '../../lib/stores/contract/challenges.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock } from '../../lib/testing/manual-clock.js';
import { SECRET } from '../support/instance.js';
import { forRules } from '../support/stores.js';
import { opened } from '../tokens/app.js';

const OTHER_SECRET = 'another secret of at least 32 bytes';

interface Setting {
  readonly challenges: SignInChallenges;
  readonly store: ChallengeStore;
  readonly clock: ReturnType<typeof manualClock>;
  /** What the store was asked to do. */
  readonly calls: string[];
  readonly browser: Uint8Array;
}

function setUp({ secret = SECRET, store = memoryStore().challenges, clock = manualClock() } = {}): Setting {
  const calls: string[] = [];
  const challengeStore = new Proxy(store, {
    get(target, name: keyof ChallengeStore) {
      calls.push(name);
      return target[name];
    },
  });
  const challenges = createSignInChallenges({
    store: { ...memoryStore(), challenges: challengeStore },
    secrets: parseSecrets(secret),
    clock,
  });
  return { challenges, store, clock, calls, browser: newToken() };
}

describe('a sign-in challenge', () => {
  it('is another for each who asks, and so is what is signed', () => {
    const { challenges, browser } = setUp();
    const issued = Array.from({ length: 100 }, () => challenges.issue(browser));
    assert.equal(new Set(issued.map(({ id }) => id)).size, 100);
    assert.equal(new Set(issued.map(({ value }) => value)).size, 100);
    for (const { value } of issued) assert.match(value, /^[\w-]{43}$/);
  });

  it('is spent once, by the browser that asked for it', async () => {
    const { challenges, browser, clock } = setUp();
    const issued = challenges.issue(browser);
    assert.equal(issued.expiresAt, clock.now() + 300_000);
    assert.deepEqual(await challenges.spend(issued.id, browser), issued);
    assert.equal(await challenges.spend(issued.id, browser), null);
  });

  it('writes nothing until it is spent, however many are asked for', async () => {
    const { challenges, browser, calls } = setUp();
    for (let count = 0; count < 100_000; count += 1) challenges.issue(newToken());
    assert.deepEqual(calls, []);
    await challenges.spend(challenges.issue(browser).id, browser);
    assert.deepEqual(calls, ['spend']);
  });

  it('is of no use to another browser, and stays good for its own', async () => {
    const { challenges, browser, calls } = setUp();
    const { id } = challenges.issue(browser);
    assert.equal(await challenges.spend(id, newToken()), null);
    assert.deepEqual(calls, []);
    assert.notEqual(await challenges.spend(id, browser), null);
  });

  it('expires at its end', async () => {
    const { challenges, browser, clock } = setUp();
    const [one, other] = [challenges.issue(browser), challenges.issue(browser)];
    clock.set(one.expiresAt - 1);
    assert.notEqual(await challenges.spend(one.id, browser), null);
    clock.set(one.expiresAt);
    assert.equal(await challenges.spend(other.id, browser), null);
  });

  it('that a clock a year ahead has made has expired once the clock is right', async () => {
    const { challenges, browser, clock, calls } = setUp();
    const now = clock.now();
    clock.set(now + 365 * 86_400_000);
    const { id } = challenges.issue(browser);
    clock.set(now);
    assert.equal(await challenges.spend(id, browser), null);
    assert.deepEqual(calls, []);
  });

  it('has an end that its holder can’t move, nor any other bit of it', async () => {
    const { challenges, browser, calls } = setUp();
    const { id } = challenges.issue(browser);
    const bytes = Buffer.from(id, 'base64url');
    assert.equal(bytes.length, 40);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(await challenges.spend(changed.toString('base64url'), browser), null, `bit ${bit}`);
    }
    assert.deepEqual(calls, []);
  });

  it('has one spelling', async () => {
    const { challenges, browser, calls } = setUp();
    const { id } = challenges.issue(browser);
    const sameBytes = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      .split('')
      .map((last) => id.slice(0, -1) + last)
      .filter((spelling) => spelling !== id && Buffer.from(spelling, 'base64url').equals(Buffer.from(id, 'base64url')));
    assert.equal(sameBytes.length, 15);
    const padded = [`${id}==`, ` ${id}`, `${id}\n`, id.replaceAll('-', '+').replaceAll('_', '/').concat('=')];
    for (const spelling of [...sameBytes, ...padded]) assert.equal(await challenges.spend(spelling, browser), null);
    assert.deepEqual(calls, []);
  });

  it('is nothing else than what was issued', async () => {
    const { challenges, browser, calls } = setUp();
    const anything = fc.oneof(
      fc.anything(),
      fc.uint8Array({ minLength: 40, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    );
    await fc.assert(fc.asyncProperty(anything, async (id) => assert.equal(await challenges.spend(id, browser), null)));
    assert.deepEqual(calls, []);
  });

  it('is not known to an instance with another secret', async () => {
    const { challenges, browser } = setUp();
    const { id } = challenges.issue(browser);
    assert.equal(await setUp({ secret: OTHER_SECRET }).challenges.spend(id, browser), null);
  });

  it('stays good while the secret is replaced, with the same value to sign, and then no longer', async () => {
    const { browser, store, clock, challenges: before } = setUp();
    const [old, another] = [before.issue(browser), before.issue(browser)];
    const both = createSignInChallenges({
      store: { ...memoryStore(), challenges: store },
      secrets: parseSecrets([OTHER_SECRET, SECRET]),
      clock,
    });
    assert.deepEqual(await both.spend(old.id, browser), old);
    const { challenges: after } = setUp({ secret: OTHER_SECRET });
    assert.equal(await after.spend(another.id, browser), null);
    assert.notEqual(await after.spend(both.issue(browser).id, browser), null); // the first secret makes
  });

  it('tells nobody what is to be signed', () => {
    const { challenges, browser } = setUp();
    const { id, value } = challenges.issue(browser);
    assert.ok(!Buffer.from(id, 'base64url').includes(Buffer.from(value, 'base64url').subarray(0, 8)));
    assert.notEqual(value, encode(browser));
  });
});

forRules((_name, makeStore) => {
  describe('a sign-in challenge', () => {
    it('is spent by one of 50 who try at once', async () => {
      const { challenges: store } = await opened(makeStore);
      const { challenges, browser } = setUp({ store });
      const { id } = challenges.issue(browser);
      const answers = await Promise.all(Array.from({ length: 50 }, () => challenges.spend(id, browser)));
      assert.equal(answers.filter((answer) => answer !== null).length, 1);
    });
  });
});

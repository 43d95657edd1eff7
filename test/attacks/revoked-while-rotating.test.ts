import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { forEachStore } from '../support/stores.js';
import { altered, opened, type TokenApp, tokenApp } from '../tokens/app.js';

const ROTATIONS = 50;

/**
 * Holds rotations back until all of them have read the session, so that the store gets half of them, then what is to
 * happen in the middle, then the other half, all at once.
 */
function gathered(store: Store, middle: () => void): Store {
  const waiting: (() => void)[] = [];
  return altered(store, {
    async change(id, change, now) {
      if (change.type !== 'rotate') return store.sessions.change(id, change, now);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length < ROTATIONS) return;
        for (const [index, go] of waiting.entries()) {
          if (index === ROTATIONS / 2) queueMicrotask(middle); // as each rotation goes on in a microtask
          go();
        }
      });
      return store.sessions.change(id, change, now);
    },
  });
}

/** A thief refreshes without pause, so that rotations are always under way when the session is revoked. */
describe('a session that is revoked while 50 rotations are in flight', () => {
  const revocations: Readonly<Record<string, (app: TokenApp, id: string) => Promise<unknown>>> = {
    'by its id': (app, id) => app.auth.sessions.revoke(id),
    'with all of its user': (app) => app.auth.sessions.revokeAllForUser('ada'),
  };

  forEachStore((_name, makeStore) => {
    for (const [how, revoke] of Object.entries(revocations)) {
      for (const refreshGrace of ['30s', 0] as const) {
        it(`has no live successor: revoked ${how}, with a refreshGrace of ${refreshGrace}`, async () => {
          let revoked: Promise<unknown> = Promise.reject(new Error('The rotations never came together.'));
          revoked.catch(() => {}); // looked at below
          const store = gathered(await opened(makeStore), () => {
            revoked = revoke(app, session_id);
          });
          const app = tokenApp({ store, refreshGrace });
          const { refresh_token, session_id } = await app.signIn();
          app.clock.advance('1m');

          const answers = await Promise.all(Array.from({ length: ROTATIONS }, () => app.refresh(refresh_token)));
          await revoked;
          for (const { status } of answers) assert.ok(status === 200 || status === 401, String(status));
          for (const { body } of answers.filter(({ status }) => status === 200)) {
            await app.me(body.access_token).expect(401);
            await app.refresh(body.refresh_token).expect(401);
          }
          await app.refresh(refresh_token).expect(401);
          assert.equal(await app.auth.sessions.get(session_id), null);
          assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
        });
      }
    }
  });
});

import type { GrantRow, GrantStore } from '../stores/contract/grants.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW } from './setting.js';
import { grantRow, takeOf } from './step-up-rows.js';
import { STRANGE } from './strange.js';

const ROWS: readonly GrantRow[] = [
  grantRow(),
  grantRow({ actionDigest: 'rename', challengeId: 'another' }),
  grantRow({ actionDigest: 'delete', challengeId: 'user', method: 'totp' }),
  grantRow({ sessionId: 'session2' }),
  grantRow({ sessionId: 'user', userId: 'session' }),
];

/** Inserts the rows, does something, and tells of each whether it can be taken then. */
async function left(grants: GrantStore, step: () => Promise<unknown>): Promise<readonly boolean[]> {
  for (const row of ROWS) await grants.insert(row);
  await step();
  const takes = await Promise.all(
    ROWS.map(({ sessionId, userId, actionDigest }) => grants.take(takeOf({ sessionId, userId, actionDigest }))),
  );
  return takes.map(({ outcome }) => outcome === 'taken');
}

export const grantsDrop: CaseGroup = {
  group: 'grants.dropForChallenge, dropForSession and dropForUser',
  part: 'grants',
  cases: {
    'delete all of a session, and none of another': async ({ grants }) => {
      const found = await left(grants, () => grants.dropForSession('session'));
      assert.deepEqual(found, [false, false, false, true, true]);
    },

    'delete all of a user, in whichever session, and none of another user': async ({ grants }) => {
      const found = await left(grants, () => grants.dropForUser('user', null));
      assert.deepEqual(found, [false, false, false, false, true]);
    },

    'delete those of a user that were made with one method, in whichever session': async ({ grants }) => {
      const passkey = await left(grants, () => grants.dropForUser('user', 'passkey'));
      assert.deepEqual(passkey, [false, false, true, false, true]);
      const totp = await left(grants, () => grants.dropForUser('user', 'totp'));
      assert.deepEqual(totp, [true, true, false, true, true]);
    },

    'delete that of a challenge, and none of another session': async ({ grants }) => {
      const found = await left(grants, () => grants.dropForChallenge('session', 'challenge'));
      assert.deepEqual(found, [false, true, true, true, true]);
    },

    'leave the mark of a grant that was taken before its challenge was given up': async ({ grants }) => {
      await grants.insert(grantRow());
      await grants.take(takeOf());
      await grants.dropForChallenge('session', 'challenge');
      assert.deepEqual(await grants.take(takeOf()), { outcome: 'spent', spentAt: NOW });
    },

    'do nothing where there is nothing': async ({ grants }) => {
      const found = await left(grants, async () => {
        for (const name of ['nobody', '', 'pay', 'passkey', 'use_', 'sessio%']) {
          await grants.dropForSession(name);
          await grants.dropForChallenge('session', name);
          await grants.dropForUser(name, null);
          await grants.dropForUser(name, 'passkey');
          await grants.dropForUser('user', `${name}%`);
        }
      });
      assert.deepEqual(found, [true, true, true, true, true]);
    },

    'delete a grant that was put in place of one of another method': async ({ grants }) => {
      await grants.insert(grantRow({ method: 'totp' }));
      await grants.insert(grantRow({ method: 'passkey' }));
      await grants.dropForUser('user', 'totp');
      assert.equal((await grants.take(takeOf())).outcome, 'taken');
      await grants.insert(grantRow({ method: 'totp' }));
      await grants.dropForUser('user', 'totp');
      assert.deepEqual(await grants.take(takeOf()), { outcome: 'spent', spentAt: NOW });
    },

    'tell users and methods apart that look alike': async ({ grants }) => {
      const row = (text: string): GrantRow => grantRow({ sessionId: `session of ${text}`, userId: text, method: text });
      for (const text of STRANGE) await grants.insert(row(text));
      for (const text of STRANGE) {
        const { sessionId, userId } = row(text);
        assert.equal((await grants.take(takeOf({ sessionId, userId }))).outcome, 'taken', text);
        await grants.dropForUser(userId, null);
        assert.deepEqual(await grants.take(takeOf({ sessionId, userId })), { outcome: 'none' });
      }
      for (const method of STRANGE) await grants.insert(grantRow({ actionDigest: method, method }));
      for (const [n, method] of STRANGE.entries()) {
        if (n % 2 === 0) await grants.dropForUser('user', method);
      }
      for (const [n, actionDigest] of STRANGE.entries()) {
        assert.equal(
          (await grants.take(takeOf({ actionDigest }))).outcome,
          n % 2 === 0 ? 'none' : 'taken',
          actionDigest,
        );
      }
    },
  },
};

import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { HOUR, MINUTE, NOW } from './setting.js';
import { grantRow, takeOf } from './step-up-rows.js';
import {
  assertHolds,
  assertLacks,
  assertUnchanged,
  assertWrites,
  expiredGroup,
  stored,
  storedGroup,
  wordsOf,
} from './stored.js';

const grant = grantRow({ sessionId: 'session-a', userId: 'user-a', actionDigest: 'digest-a', method: 'method-a' });
const take = takeOf({
  sessionId: 'session-a',
  userId: 'user-a',
  actionDigest: 'digest-a',
  action: 'action-a',
  markedUntil: NOW + 5 * MINUTE,
});

export const grantsStored: readonly CaseGroup[] = [
  storedGroup('grants', {
    'holds what was said, and one grant for one action': async (bench) => {
      await assertWrites(bench, wordsOf(grant), () => bench.grants.insert(grant));
      const rows = (await bench.rawRows()).length;
      await bench.grants.insert({ ...grant, method: 'method-b' });
      const text = await stored(bench);
      assertLacks(text, ['method-a']);
      assertHolds(text, ['method-b']);
      assert.equal((await bench.rawRows()).length, rows);
    },

    'holds nothing of grants that are dropped': async (bench) => {
      const { grants } = bench;
      const steps = [() => grants.dropForSession('session-a'), () => grants.dropForUser('user-a', 'method-a')];
      for (const step of [...steps, () => grants.dropForUser('user-a', null)]) {
        await grants.insert(grant);
        await step();
        assertLacks(await stored(bench), ['session-a', 'user-a', 'digest-a', 'method-a']);
      }
    },

    'holds of what was done the user, the action and two times, until all of the user is dropped': async (bench) => {
      const { grants } = bench;
      await grants.insert({ ...grant, expiresAt: NOW + 9 * MINUTE });
      await grants.take({ ...take, now: NOW + 1 });
      await grants.dropForSession('session-a');
      const text = await stored(bench);
      assertHolds(text, ['user-a', 'action-a', String(NOW + 1), String(take.markedUntil)]);
      assertLacks(text, ['session-a', 'digest-a', 'method-a', String(NOW + 9 * MINUTE)]);
      await grants.dropForUser('user-a', null);
      assertLacks(await stored(bench), ['user-a', 'action-a']);
    },

    'stays as it is when there is nothing to take': async (bench) => {
      await bench.grants.insert(grant);
      await bench.grants.insert({ ...grant, actionDigest: 'digest-b' });
      await bench.grants.take(take);
      await assertUnchanged(bench, async () => {
        await bench.grants.take({ ...take, now: NOW + 1, markedUntil: NOW + HOUR });
        await bench.grants.take({ ...take, sessionId: 'session-b', now: NOW + 1 });
        await bench.grants.take({ ...take, actionDigest: 'digest-b', now: grant.expiresAt });
        await bench.grants.take({ ...take, actionDigest: 'digest-b', now: 0 });
        await bench.grants.dropForUser('user-a', 'method-b');
      });
    },
  }),

  expiredGroup('grants', {
    'holds nothing of grants, and nothing of what was done': async (bench) => {
      const { grants } = bench;
      await grants.insert(grant);
      await grants.insert({ ...grant, actionDigest: 'digest-b' });
      await grants.take({ ...take, actionDigest: 'digest-b' });
      await grants.deleteExpired(take.markedUntil, 10);
      assertLacks(await stored(bench), ['session-a', 'user-a', 'digest-a', 'digest-b', 'action-a']);
    },
  }),
];

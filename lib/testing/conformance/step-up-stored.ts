import assert from 'node:assert/strict';
import type { Bench, CaseGroup, StorePart } from './case.js';
import { hashOf, MINUTE, NOW } from './setting.js';
import {
  ANY,
  CONFIRM,
  challengeRow,
  confirmedTotp,
  FIRST,
  grantRow,
  PASSKEY_USE,
  usedPasskeyRow,
  useOf,
  waitingTotp,
} from './step-up-rows.js';
import { added, assertHolds, assertLacks, stored, wordsOf } from './stored.js';

const challenge = challengeRow({
  id: 'challenge-a',
  sessionId: 'session-a',
  userId: 'user-a',
  purpose: 'action',
  methods: ['method-a', 'method-b'],
  actionDigest: 'digest-a',
  createdAt: NOW - 7,
});
const grant = grantRow({ sessionId: 'session-a', userId: 'user-a', actionDigest: 'digest-a', method: 'method-a' });
const passkey = usedPasskeyRow({ id: 'passkey-a', userId: 'user-a', userHandle: 'handle-a', counter: 987_654 });
const waiting = waitingTotp({ userId: 'user-a', encryptedSecret: 'secret-a' });

function group(part: StorePart, cases: CaseGroup['cases']): CaseGroup {
  return { group: `${part}: what is stored`, part, rawRows: true, cases };
}

/** As `group`, for what is over. */
function groupOfExpired(part: StorePart, cases: CaseGroup['cases']): CaseGroup {
  return { ...group(part, cases), group: `${part}: what is stored of those that are over`, deletesExpired: true };
}

/** That a step writes all of these, and no time or hash beside them. */
async function assertWrites(bench: Bench, words: readonly string[], step: () => Promise<unknown>): Promise<void> {
  await bench.sessions.get('nobody'); // a store may make its tables with its first operation
  const before = await bench.rawRows();
  await step();
  const text = added(before, await bench.rawRows());
  assertHolds(text, words);
  const large = text.match(/(?<![\w-])(?:\d{12,13}|[\w-]{43})(?![\w-])/g) ?? [];
  assert.deepEqual(
    large.filter((word) => !words.includes(word)),
    [],
  );
}

async function assertUnchanged(bench: Bench, step: () => Promise<unknown>): Promise<void> {
  const before = await bench.rawRows();
  await step();
  assert.deepEqual(await bench.rawRows(), before);
}

export const stepUpStored: readonly CaseGroup[] = [
  group('challenges', {
    'holds what was said, and nothing of it once it is taken': async (bench) => {
      await assertWrites(bench, wordsOf(challenge), () => bench.challenges.insert(challenge, 5));
      await bench.challenges.take('session-a', 'challenge-a', NOW);
      assertLacks(await stored(bench), ['challenge-a', 'session-a', 'user-a', 'method-a', 'digest-a', String(NOW - 7)]);
    },

    'holds nothing of challenges that are too many or dropped': async (bench) => {
      const { challenges } = bench;
      for (const [n, id] of ['too-many', 'kept'].entries()) {
        await challenges.insert(challengeRow({ id, createdAt: NOW + n }), 1);
      }
      await challenges.insert(challenge, 5);
      await challenges.dropForUser('user-a');
      await challenges.insert({ ...challenge, id: 'challenge-b', userId: 'user-b' }, 5);
      await challenges.dropForSession('session-a');
      const text = await stored(bench);
      assertLacks(text, ['too-many', 'challenge-a', 'challenge-b', 'user-a', 'user-b', 'session-a']);
      assertHolds(text, ['kept']);
    },

    'holds the hash and the end of a spent challenge': async (bench) => {
      const [hash, end] = [hashOf('spent'), NOW + MINUTE];
      await assertWrites(bench, [hash, String(end)], () => bench.challenges.spend(hash, end, NOW));
      await assertUnchanged(bench, () => bench.challenges.spend(hash, end + 1, NOW));
    },

    'stays as it is when there is nothing to take': async (bench) => {
      await bench.challenges.insert({ ...challenge, expiresAt: NOW }, 5);
      await assertUnchanged(bench, async () => {
        await bench.challenges.take('session-a', 'challenge-a', NOW);
        await bench.challenges.take('session-b', 'challenge-a', NOW - 1);
        await bench.challenges.take('session-a', 'challenge-b', NOW - 1);
        await bench.challenges.deleteExpired(NOW - 1, 10);
      });
    },
  }),

  groupOfExpired('challenges', {
    'holds nothing of challenges and spent marks': async (bench) => {
      const [hash, end] = [hashOf('spent'), NOW + MINUTE];
      await bench.challenges.insert({ ...challenge, expiresAt: NOW }, 5);
      await bench.challenges.spend(hash, end, NOW);
      await bench.challenges.deleteExpired(NOW, 10);
      const text = await stored(bench);
      assertLacks(text, ['challenge-a', 'user-a', 'session-a']);
      assertHolds(text, [hash]);
      await bench.challenges.deleteExpired(end, 10);
      assertLacks(await stored(bench), [hash, String(end)]);
    },
  }),

  group('grants', {
    'holds what was said, and one grant for one action': async (bench) => {
      await assertWrites(bench, wordsOf(grant), () => bench.grants.insert(grant));
      const rows = (await bench.rawRows()).length;
      await bench.grants.insert({ ...grant, method: 'method-b' });
      const text = await stored(bench);
      assertLacks(text, ['method-a']);
      assertHolds(text, ['method-b']);
      assert.equal((await bench.rawRows()).length, rows);
    },

    'holds nothing of grants that are dropped, spent or not': async (bench) => {
      const { grants } = bench;
      for (const step of [() => grants.dropForSession('session-a'), () => grants.dropForUser('user-a')]) {
        await grants.insert(grant);
        await grants.insert({ ...grant, actionDigest: 'digest-b' });
        await grants.take('session-a', 'digest-b', NOW);
        await step();
        assertLacks(await stored(bench), ['session-a', 'user-a', 'digest-a', 'digest-b']);
      }
    },

    'stays as it is when there is nothing to take': async (bench) => {
      await bench.grants.insert(grant);
      await bench.grants.take('session-a', 'digest-a', NOW);
      await assertUnchanged(bench, async () => {
        await bench.grants.take('session-a', 'digest-a', NOW);
        await bench.grants.take('session-b', 'digest-a', NOW);
        await bench.grants.take('session-a', 'digest-a', grant.expiresAt);
      });
    },
  }),

  groupOfExpired('grants', {
    'holds nothing of grants, spent or not': async (bench) => {
      const { grants } = bench;
      await grants.insert(grant);
      await grants.insert({ ...grant, actionDigest: 'digest-b' });
      await grants.take('session-a', 'digest-b', NOW);
      await grants.deleteExpired(grant.expiresAt, 10);
      assertLacks(await stored(bench), ['session-a', 'user-a', 'digest-a', 'digest-b']);
    },
  }),

  group('attempts', {
    'holds what was said, and nothing of it once it is cleared or dropped': async (bench) => {
      const { attempts } = bench;
      for (const step of [
        () => attempts.settle('user-a', { clear: ['counter-a'], release: [] }),
        () => attempts.dropForUser('user-a'),
      ]) {
        await assertWrites(bench, ['user-a', 'counter-a', String(NOW + MINUTE)], () =>
          attempts.count('user-a', [{ key: 'counter-a', limit: 5, window: MINUTE }], NOW),
        );
        await step();
        assertLacks(await stored(bench), ['user-a', 'counter-a', String(NOW + MINUTE)]);
      }
    },

    'stays as it is when an attempt is refused, or counters are read': async (bench) => {
      const full = { key: 'counter-a', limit: 1, window: MINUTE };
      await bench.attempts.count('user-a', [full], NOW);
      await assertUnchanged(bench, async () => {
        await bench.attempts.count('user-a', [{ ...full, key: 'counter-b' }, full], NOW);
        await bench.attempts.read('user-a', ['counter-a', 'counter-b'], NOW);
        await bench.attempts.settle('user-b', { clear: ['counter-a'], release: ['counter-a'] });
      });
    },
  }),

  groupOfExpired('attempts', {
    'holds nothing of counters': async (bench) => {
      await bench.attempts.count('user-a', [{ key: 'counter-a', limit: 5, window: MINUTE }], NOW);
      await bench.attempts.deleteExpired(NOW + MINUTE, 10);
      assertLacks(await stored(bench), ['user-a', 'counter-a', String(NOW + MINUTE)]);
    },
  }),

  group('passkeys', {
    'holds what was said, and nothing of it once it is removed or dropped': async (bench) => {
      const words = wordsOf({ ...passkey, backupEligible: 'a', backedUp: 'a' });
      for (const step of [
        () => bench.passkeys.remove('user-a', 'passkey-a'),
        () => bench.passkeys.dropForUser('user-a'),
      ]) {
        await assertWrites(bench, words, () => bench.passkeys.insert(passkey, ANY));
        await step();
        assertLacks(await stored(bench), ['passkey-a', 'user-a', 'handle-a', passkey.publicKey, 'my phone']);
      }
    },

    'stays as it is when a passkey is taken, not the first, cloned or foreign': async (bench) => {
      const { passkeys } = bench;
      await passkeys.insert(passkey, FIRST);
      await assertUnchanged(bench, async () => {
        await passkeys.insert({ ...passkey, userId: 'user-b' }, ANY);
        await passkeys.insert({ ...passkey, id: 'passkey-b' }, FIRST);
        await passkeys.insert({ ...passkey, id: 'passkey-b' }, { first: false, max: 1 });
        const use = { ...PASSKEY_USE, id: 'passkey-a', backedUp: false };
        await passkeys.use({ ...use, userId: 'user-a', counter: 987_654 });
        await passkeys.use({ ...use, userId: 'user-b', counter: 987_655 });
        await passkeys.use({ ...use, userId: 'user-b', evenIfRegressed: true });
        await passkeys.rename('user-b', 'passkey-a', 'stolen');
        await passkeys.remove('user-b', 'passkey-a');
        await passkeys.dropForUser('user-b');
      });
    },
  }),

  group('totp', {
    'holds what was said, of one row for a user': async (bench) => {
      const { totp } = bench;
      await assertWrites(bench, ['user-a', 'secret-a', String(waiting.createdAt)], () => totp.begin(waiting));
      const second = { ...waiting, encryptedSecret: 'secret-b' };
      await totp.begin(second);
      assertLacks(await stored(bench), ['secret-a']);
      const confirm = { ...CONFIRM, userId: 'user-a', encryptedSecret: 'secret-b', step: 987_654 };
      await assertWrites(bench, ['secret-b', '987654', String(NOW), String(waiting.createdAt)], () =>
        totp.confirm(confirm),
      );
      await totp.put(confirmedTotp({ userId: 'user-a', encryptedSecret: 'secret-c' }));
      assertLacks(await stored(bench), ['secret-b', '987654']);
      await totp.remove('user-a');
      assertLacks(await stored(bench), ['user-a', 'secret-c']);
    },

    'stays as it is when nothing is begun, confirmed or used': async (bench) => {
      const { totp } = bench;
      await totp.put(confirmedTotp({ userId: 'user-a' }));
      await totp.begin(waitingTotp({ userId: 'user-b' }));
      await assertUnchanged(bench, async () => {
        await totp.begin(waiting);
        await totp.confirm({ ...CONFIRM, userId: 'user-a' });
        await totp.confirm({ ...CONFIRM, userId: 'user-b', encryptedSecret: 'secret-b' });
        await totp.useStep({ ...useOf(100), userId: 'user-a' });
        await totp.useStep({ ...useOf(101), userId: 'user-b' });
        await totp.remove('user-c');
      });
    },
  }),

  group('recoveryCodes', {
    'holds the hashes of what is left, and of nothing else': async (bench) => {
      const { recoveryCodes } = bench;
      const [a, b, c] = [hashOf('a'), hashOf('b'), hashOf('c')];
      await assertWrites(bench, ['user-a', a, b, String(NOW)], () => recoveryCodes.replace('user-a', [a, b], NOW));
      await recoveryCodes.take('user-a', a);
      assertLacks(await stored(bench), [a]);
      await recoveryCodes.replace('user-a', [c], NOW + 1);
      assertLacks(await stored(bench), [b, String(NOW)]);
      await recoveryCodes.dropForUser('user-a');
      assertLacks(await stored(bench), ['user-a', c]);
    },

    'stays as it is when there is no such code': async (bench) => {
      await bench.recoveryCodes.replace('user-a', [hashOf('a')], NOW);
      await assertUnchanged(bench, async () => {
        await bench.recoveryCodes.take('user-a', hashOf('b'));
        await bench.recoveryCodes.take('user-b', hashOf('a'));
        await bench.recoveryCodes.dropForUser('user-b');
      });
    },
  }),
];

import type { CaseGroup } from './case.js';
import { hashOf, MINUTE, NOW } from './setting.js';
import {
  ANY,
  CONFIRM,
  challengeRow,
  confirmedTotp,
  FIRST,
  PASSKEY_USE,
  usedPasskeyRow,
  useOf,
  waitingTotp,
} from './step-up-rows.js';
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

const challenge = challengeRow({
  id: 'challenge-a',
  sessionId: 'session-a',
  userId: 'user-a',
  purpose: 'action',
  methods: ['method-a', 'method-b'],
  actionDigest: 'digest-a',
  generation: 876_543,
  createdAt: NOW - 7,
});
const passkey = usedPasskeyRow({ id: 'passkey-a', userId: 'user-a', userHandle: 'handle-a', counter: 987_654 });
const waiting = waitingTotp({ userId: 'user-a', encryptedSecret: 'secret-a' });

export const stepUpStored: readonly CaseGroup[] = [
  storedGroup('challenges', {
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

  expiredGroup('challenges', {
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

  storedGroup('attempts', {
    'holds what was said, and nothing of it once it is cleared or dropped': async (bench) => {
      const { attempts } = bench;
      for (const step of [
        () => attempts.reset('user-a', { clear: ['counter-a'], refund: [] }),
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
        await bench.attempts.reset('user-b', { clear: ['counter-a'], refund: ['counter-a'] });
      });
    },
  }),

  expiredGroup('attempts', {
    'holds nothing of counters': async (bench) => {
      await bench.attempts.count('user-a', [{ key: 'counter-a', limit: 5, window: MINUTE }], NOW);
      await bench.attempts.deleteExpired(NOW + MINUTE, 10);
      assertLacks(await stored(bench), ['user-a', 'counter-a', String(NOW + MINUTE)]);
    },
  }),

  storedGroup('passkeys', {
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
        await passkeys.insert({ ...passkey, id: 'passkey-b' }, { onlyIfNone: false, max: 1 });
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

  storedGroup('totp', {
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
      const use = { ...useOf(987_655), userId: 'user-a', encryptedSecret: 'secret-b', renewed: 'secret-r' };
      await assertWrites(bench, ['secret-r', '987655', String(NOW), String(waiting.createdAt)], () =>
        totp.useStep(use),
      );
      assertLacks(await stored(bench), ['secret-b', '987654']);
      await totp.begin(waiting);
      await totp.put(confirmedTotp({ userId: 'user-a', encryptedSecret: 'secret-c' }));
      assertLacks(await stored(bench), ['secret-r', 'secret-a']);
      await totp.begin(waiting);
      await totp.remove('user-a');
      assertLacks(await stored(bench), ['user-a', 'secret-a', 'secret-c']);
    },

    'holds the one that waits beside the confirmed, and only it once it is confirmed': async (bench) => {
      const { totp } = bench;
      await totp.put(confirmedTotp({ userId: 'user-a', encryptedSecret: 'secret-c', lastStep: 987_654 }));
      await assertWrites(bench, ['user-a', 'secret-a', String(waiting.createdAt)], () => totp.begin(waiting));
      assertHolds(await stored(bench), ['secret-c', '987654']);
      await totp.confirm({ ...CONFIRM, userId: 'user-a', encryptedSecret: 'secret-a' });
      const text = await stored(bench);
      assertLacks(text, ['secret-c', '987654']);
      assertHolds(text, ['secret-a']);
    },

    'stays as it is when nothing is begun, confirmed or used': async (bench) => {
      const { totp } = bench;
      await totp.put(confirmedTotp({ userId: 'user-a' }));
      await totp.begin(waitingTotp({ userId: 'user-b' }));
      await assertUnchanged(bench, async () => {
        await totp.confirm({ ...CONFIRM, userId: 'user-a' });
        await totp.confirm({ ...CONFIRM, userId: 'user-b', encryptedSecret: 'secret-b' });
        await totp.useStep({ ...useOf(100), userId: 'user-a' });
        await totp.useStep({ ...useOf(101), userId: 'user-b' });
        await totp.remove('user-c');
      });
    },
  }),

  storedGroup('recoveryCodes', {
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

import type { SessionData } from '../stores/contract/session-data.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, idsOf, listOf, rotatedRow, sessionRow } from './session-rows.js';
import { NOW } from './setting.js';
import { STRANGE } from './strange.js';

/** As it comes out of a request's JSON: with a member of its own that is called `__proto__`. */
const DATA: readonly string[] = [
  '{}',
  '{"tenant":null,"roles":[],"nested":{"deep":[1,[2,{"x":false}]]}}',
  '{"text":"é 🦊 \\u0000 \\ud800 \\" \\\\ </script> \\u2028","empty":"","null":"null"}',
  '{"numbers":[0,-1,1.5,1e21,9007199254740991,1e-7]}',
  '{"__proto__":{"admin":true},"constructor":"c","toString":null,"length":0}',
  '{"2":"second","1":"first","b":1,"a":2,"":"no name"}',
  JSON.stringify({ padding: 'x'.repeat(4096 - '{"padding":""}'.length) }),
];

const ROWS: Readonly<Record<string, readonly SessionRow[]>> = {
  'a row without what can be absent': [
    sessionRow({ id: 'a', tokenConfirmedAt: null, amr: [], signInProofs: {}, stepUpProofs: {} }),
  ],
  'a row with everything': [rotatedRow({ id: 'a' })],
  'each delivery': (['cookie', 'bearer', 'token-cookies'] as const).map((delivery) =>
    sessionRow({ id: delivery, delivery }),
  ),
  'user ids of any characters': STRANGE.map((userId, index) => sessionRow({ id: `row-${index}`, userId })),
  'user agents, addresses and labels of any characters': STRANGE.map((text, index) =>
    sessionRow({ id: `row-${index}`, userAgent: text, ip: text, label: text }),
  ),
  'a user agent of 512 characters': [sessionRow({ id: 'a', userAgent: 'ÿ'.repeat(512) })],
  'an address of version 6': [sessionRow({ id: 'a', ip: 'fe80::1ff:fe23:4567:890a%eth2' })],
  'empty text, which is not null': [sessionRow({ id: 'a', userAgent: '', ip: '', label: '', acr: '' })],
  'data as JSON': DATA.map(
    (json, index) => sessionRow({ id: `row-${index}`, data: JSON.parse(json) as SessionData }), // each is an object, as data has to be
  ),
  'the order and the repeats of amr': [
    sessionRow({ id: 'a', amr: ['pwd', 'otp', 'mfa', 'hwk'] }),
    sessionRow({ id: 'b', amr: ['otp', 'pwd', 'otp', '"', ','] }),
  ],
  'proofs of several methods, and none': [
    sessionRow({ id: 'a', signInProofs: { passkey: NOW, 'recovery-code': NOW - 1, "my 'pin' é": 0 } }),
    sessionRow({ id: 'b', signInProofs: {}, stepUpProofs: Object.fromEntries([['__proto__', NOW]]) }),
  ],
  'the order of the methods that were passed, and names of any characters': [
    sessionRow({ id: 'a', passedMethods: ['totp', 'passkey', '__proto__'] }),
    sessionRow({ id: 'b', passedMethods: STRANGE }),
  ],
  'lifetimes and persistence of their own': [
    sessionRow({ id: 'a', idleLifetime: 1, persistent: false }),
    sessionRow({ id: 'b', idleLifetime: 31_536_000_000, persistent: false }),
  ],
  'a restriction, and none': [sessionRow({ id: 'a', restricted: true }), sessionRow({ id: 'b', restricted: false })],
  'an impersonator': [
    sessionRow({ id: 'a', impersonator: { userId: 'admin', sessionId: 'of-the-admin', reason: 'ticket 7' } }),
    ...STRANGE.map((text, n) =>
      sessionRow({ id: `b${n}`, impersonator: { userId: text, sessionId: '', reason: text } }),
    ),
  ],
  'generations, the first and one of billions': [
    sessionRow({ id: 'a', generation: 0 }),
    sessionRow({ id: 'b', generation: Number.MAX_SAFE_INTEGER }),
  ],
  'the earliest and the latest time there is': [
    sessionRow({
      id: 'a',
      createdAt: 0,
      authenticatedAt: 0,
      tokenIssuedAt: 0,
      idleExpiresAt: 8.64e15,
      expiresAt: 8.64e15,
    }),
  ],
};

export const sessionsRoundTrip: CaseGroup = {
  group: 'sessions: what is kept',
  part: 'sessions',
  cases: {
    ...Object.fromEntries(
      Object.entries(ROWS).map(([what, rows]) => [
        `keeps ${what}`,
        async ({ sessions }) => {
          await given(sessions, ...rows);
          const all = await sessions.list({ limit: 100, after: null, now: NOW });
          for (const row of rows) {
            assert.deepEqual(await sessions.get(row.id), row);
            assert.deepEqual(await sessions.find(row.tokenHash), row);
            assert.deepEqual(
              (await listOf(sessions, row.userId)).find(({ id }) => id === row.id),
              row,
            );
            assert.deepEqual(
              all.find(({ id }) => id === row.id),
              row,
            );
          }
        },
      ]),
    ),

    'tells users apart whose ids look alike': async ({ sessions }) => {
      await given(sessions, ...STRANGE.map((userId, index) => sessionRow({ id: `row-${index}`, userId })));
      for (const [index, userId] of STRANGE.entries()) {
        assert.deepEqual(idsOf(await listOf(sessions, userId)), [`row-${index}`]);
        assert.deepEqual(await sessions.revokeAllForUser(userId, null, NOW), [{ id: `row-${index}`, userId }]);
      }
    },

    'keeps what it was given though the caller changes it afterwards': async ({ sessions }) => {
      const data = { tenant: 'acme' };
      const proofs = { password: NOW };
      const passedMethods = ['totp'];
      const row = { ...sessionRow({ id: 'a' }), data, signInProofs: proofs, passedMethods };
      const inserted = sessions.insert({ row, replaces: null, cap: null, now: NOW });
      data.tenant = 'other';
      proofs.password = 0;
      passedMethods[0] = 'other';
      row.userId = 'other';
      await inserted;
      const kept = await sessions.get('a');
      assert.deepEqual(
        [kept?.userId, kept?.data, kept?.signInProofs, kept?.passedMethods],
        ['user', { tenant: 'acme' }, { password: NOW }, ['totp']],
      );
    },

    'keeps what it has though a caller changes an answer': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      await given(sessions, row);
      const answer = await sessions.get('a');
      // An answer may be frozen: then these writes have no effect, and no error either.
      Reflect.set(answer ?? {}, 'userId', 'other');
      Reflect.set(answer?.data ?? {}, 'tenant', 'other');
      Reflect.set(answer?.signInProofs ?? {}, 'password', 0);
      Reflect.set(answer?.amr ?? [], 0, 'other');
      Reflect.set(answer?.passedMethods ?? [], 0, 'other');
      assert.deepEqual(await sessions.get('a'), row);
    },
  },
};

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { types } from 'pg';
import { given, rotatedRow } from '../../../lib/conformance/session-rows.js';
import { hashOf, NOW } from '../../../lib/conformance/setting.js';
import { challengeRow, givenPasskeys, usedPasskeyRow } from '../../../lib/conformance/step-up-rows.js';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { cleanUp } from '../../support/clean-up.js';
import { everyOperation } from './every-operation.js';
import { describeOnPostgres } from './support.js';

const { BOOL, FLOAT8, INT4, INT8, JSONB, TEXT } = types.builtins;
type TypeId = (typeof types.builtins)[keyof typeof types.builtins];

const asBigInts = (_key: string, value: unknown): unknown => (Number.isInteger(value) ? BigInt(Number(value)) : value);

const CHANGES: Readonly<Record<string, ReadonlyMap<TypeId, (text: string) => unknown>>> = {
  'jsonb as text': new Map([[JSONB, (text) => text]]),
  'the numbers of jsonb as bigints': new Map([[JSONB, (text) => JSON.parse(text, asBigInts)]]),
  'whole numbers as bigints': new Map([INT4, INT8].map((oid) => [oid, BigInt])),
  'everything as something else': new Map(
    [BOOL, FLOAT8, INT4, INT8, JSONB, TEXT].map((oid) => [oid, (text) => ({ text })]),
  ),
};

describeOnPostgres('a PostgreSQL store in an app that changes what all of pg reads', (database) => {
  for (const [what, parsers] of Object.entries(CHANGES)) {
    it(`reads its rows all the same: ${what}`, async () => {
      for (const [oid, parser] of parsers) setTypeParser(oid, parser);
      const store = postgresStore(await database.pool());
      await store.migrate();
      await store.migrate();
      const row = rotatedRow({ id: 'a' });
      await given(store.sessions, row);
      assert.deepEqual(await store.sessions.find(row.tokenHash), row);
      assert.deepEqual(await store.sessions.list({ limit: 10, after: null, now: NOW }), [row]);

      const passkey = usedPasskeyRow({ id: 'key' });
      await givenPasskeys(store.passkeys, passkey);
      assert.deepEqual(await store.passkeys.findById('key'), passkey);
      const challenge = challengeRow({ id: 'challenge', methods: ['passkey', 'totp'] });
      await store.challenges.insert(challenge, 16);
      assert.deepEqual(await store.challenges.take('session', 'challenge', NOW), challenge);
      await store.recoveryCodes.replace('user', [hashOf('code')], NOW);
      const batches = store.recoveryCodes.copy?.rows(NOW) ?? [];
      for await (const sets of batches)
        assert.deepEqual(sets, [{ userId: 'user', hashes: [hashOf('code')], createdAt: NOW }]);
    });

    it(`runs every operation: ${what}`, async () => {
      for (const [oid, parser] of parsers) setTypeParser(oid, parser);
      const store = postgresStore(await database.pool());
      await store.migrate();
      await everyOperation(store);
    });
  }
});

/** For the whole process, until the test has ended. */
function setTypeParser(oid: TypeId, parser: (text: string) => unknown): void {
  const before: (text: string) => unknown = types.getTypeParser(oid);
  types.setTypeParser(oid, parser);
  cleanUp(() => types.setTypeParser(oid, before));
}

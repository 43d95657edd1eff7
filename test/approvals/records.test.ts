import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from '@jest/globals';
import { calculateJwkThumbprint, compactVerify, createLocalJWKSet } from 'jose';
import { payloadDigest, type RecordKeys, verifyRecord } from '../../lib/index.js';
import type { SetupError } from '../../lib/internal/setup-error.js';
import { ORIGIN } from '../support/instance.js';
import {
  type ApprovalApp,
  approvalApp,
  approved,
  ask,
  assertCode,
  assertRefusedAs,
  TRANSFER,
  transfer,
} from './app.js';

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

type Key = KeyObject | string | readonly (KeyObject | string)[];

interface Recorded {
  readonly bank: ApprovalApp;
  readonly records: string[];
  keys(): Promise<RecordKeys>;
}

function recordingApp(key: Key, sink?: (jws: string) => unknown): Recorded {
  const records: string[] = [];
  const bank = approvalApp({
    approvals: { records: { key, sink: sink ?? ((jws) => records.push(jws)) } },
    routes: (auth) => ({ '/.well-known': [(req, res, next) => auth.wellKnown()(withUrl(req), res, next)] }),
  });
  return {
    bank,
    records,
    keys: async () => (await bank.agent().get('/.well-known/stepgate-record-keys.json')).body,
  };
}

/** `app.use` cuts the mount's path off. */
function withUrl<Req extends { url?: string | undefined; originalUrl?: string }>(req: Req): Req {
  return Object.assign(Object.create(req), { url: req.originalUrl }) as Req; // the same request, as it stands at the root
}

async function spend({ bank }: Recorded): Promise<string> {
  const [agent, phone] = [bank.agent(), await bank.signIn()];
  const approval = await ask(agent);
  bank.clock.advance('10s');
  await approved(phone, approval, bank.key);
  bank.clock.advance('10s');
  assert.equal((await transfer(agent, TRANSFER, { approval })).status, 200);
  return approval.id;
}

const EXPECTED = { url: '/transfers', payloadDigest: payloadDigest({ to: 'p1', amount: 10 }), approverUserId: 'ada' };

describe('the record of an approval', () => {
  it('says who permitted what, and is verified by another library', async () => {
    const recorded = recordingApp(newKey());
    const id = await spend(recorded);
    const [jws = ''] = recorded.records;
    const keys = await recorded.keys();
    const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet({ keys: [...keys.keys] }));
    assert.equal(protectedHeader.alg, 'ES256');
    assert.equal(protectedHeader.kid, await calculateJwkThumbprint({ ...keys.keys[0] }));
    const now = recorded.bank.clock.now();
    const record = {
      iss: ORIGIN,
      iat: Math.floor(now / 1_000),
      jti: id,
      asker: { kind: 'api-key', id: 'agent', userId: 'ada' },
      approver: { userId: 'ada', method: 'key', amr: ['key'] },
      httpMethod: 'POST',
      url: '/transfers',
      summary: 'Send 10 to Bea',
      payloadDigest: EXPECTED.payloadDigest,
      requestedAt: now - 20_000,
      approvedAt: now - 10_000,
      spentAt: now,
    };
    assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), record);
    assert.deepEqual(verifyRecord(jws, { keys, issuer: ORIGIN, expected: EXPECTED }), record);
  });

  it('fails with any changed character, for another issuer, and when another thing is expected', async () => {
    const recorded = recordingApp(newKey());
    await spend(recorded);
    const [jws = ''] = recorded.records;
    const keys = await recorded.keys();
    for (let at = 0; at < jws.length; at += 1) {
      const other = jws[at] === 'A' ? 'B' : 'A';
      const changed = jws.slice(0, at) + other + jws.slice(at + 1);
      assert.throws(() => verifyRecord(changed, { keys, issuer: ORIGIN, expected: EXPECTED }), `at ${at}`);
    }
    const wrong = [
      { url: '/payments' },
      { payloadDigest: payloadDigest({ to: 'p1', amount: 11 }) },
      { approverUserId: 'bea' },
      { askerUserId: 'bea' },
      { jti: 'another' },
    ];
    for (const expected of wrong) assert.throws(() => verifyRecord(jws, { keys, issuer: ORIGIN, expected }), /another/);
    assert.throws(() => verifyRecord(jws, { keys, issuer: 'https://other.example', expected: EXPECTED }), /`iss`/);
    assert.throws(() => verifyRecord(jws, { keys, issuer: ORIGIN, expected: {} }), isSetupError);
    for (const broken of ['', 'a.b', 'a.b.c', `${jws}.x`, '.. ']) {
      assert.throws(() => verifyRecord(broken, { keys, issuer: ORIGIN, expected: EXPECTED }), /not a record/);
    }
  });

  it('is verified after its key was replaced, for as long as that is listed', async () => {
    const [old, current] = [newKey(), newKey()];
    const before = recordingApp(old);
    await spend(before);
    const [jws = ''] = before.records;
    const [rotated, gone] = [recordingApp([current, old]), recordingApp(current)];
    await spend(rotated);
    const keys = await rotated.keys();
    assert.equal(keys.keys.length, 2);
    for (const record of [jws, ...rotated.records]) verifyRecord(record, { keys, issuer: ORIGIN, expected: EXPECTED });
    const left = await gone.keys();
    assert.throws(
      () => verifyRecord(jws, { keys: left, issuer: ORIGIN, expected: EXPECTED }),
      /not a record of these keys/,
    );
    verifyRecord(rotated.records[0] ?? '', { keys: left, issuer: ORIGIN, expected: EXPECTED });
  });

  it('comes before the handler: a sink that fails is a failure of the store, and the approval is spent', async () => {
    const recorded = recordingApp(newKey(), () => Promise.reject(new Error('the disk is full')));
    const { bank } = recorded;
    const [agent, phone] = [bank.agent(), await bank.signIn()];
    const approval = await ask(agent);
    await approved(phone, approval, bank.key);
    assertCode(await transfer(agent, TRANSFER, { approval }), 500, 'store_unavailable');
    assert.deepEqual(bank.done, []);
    await assertRefusedAs(await transfer(agent, TRANSFER, { approval }), 'spent');
  });

  it('takes PEM, and refuses any other key with a word', async () => {
    const pem = newKey().export({ type: 'pkcs8', format: 'pem' }).toString();
    await spend(recordingApp(pem));
    const wrong = [
      '',
      'a key',
      [],
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
      generateKeyPairSync('ed25519').privateKey,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
    ];
    for (const key of wrong) assert.throws(() => recordingApp(key), isSetupError);
  });
});

function isSetupError(error: unknown): boolean {
  return (error as SetupError).name === 'SetupError';
}

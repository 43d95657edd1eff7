import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import { root } from '../repository/root.js';
import { newFolder, type RunningBank, startBank } from './bank.js';
import { addPasskey, type Customer, newCustomer, proveByPasskey } from './customer.js';

let folder: Awaited<ReturnType<typeof newFolder>>;
let bank: RunningBank;
beforeAll(async () => {
  folder = await newFolder();
  bank = await startBank(folder.database);
});
afterAll(async () => {
  await bank?.stop();
  await folder?.remove();
});

interface Owner extends Customer {
  readonly apiKey: string;
}

async function owner(): Promise<Owner> {
  const customer = await newCustomer(bank.origin);
  await addPasskey(customer);
  await proveByPasskey(customer);
  const { body } = await customer.browser.post('/api-key').expect(201);
  return { ...customer, apiKey: body.key };
}

async function manager(): Promise<Customer> {
  const customer = await newCustomer(bank.origin);
  await addPasskey(customer);
  await proveByPasskey(customer);
  await customer.browser.post('/role').send({ role: 'manager' }).expect(200);
  return customer;
}

interface Approval {
  readonly id: string;
  readonly token: string;
  readonly summary: string;
  readonly url: string;
}

function ask({ apiKey }: Owner, body: object, approval?: Approval): Promise<Response> {
  const sent = request(bank.origin).post('/agent/transfers').set('Authorization', `Bearer ${apiKey}`);
  if (approval !== undefined) sent.set('Stepgate-Approval', `${approval.id}.${approval.token}`);
  return Promise.resolve(sent.send(body));
}

async function asked(by: Owner, body: object): Promise<Approval> {
  const response = await ask(by, body);
  assert.deepEqual([response.status, response.body.code], [401, 'approval_required']);
  return response.body.approval;
}

async function approve({ browser, key }: Customer, { id }: Approval): Promise<Response> {
  const { body } = await browser.post(`/auth/approvals/${id}/options`).send({ method: 'passkey' }).expect(200);
  const response = key.get(body.options);
  return browser
    .post(`/auth/approvals/${id}/approve`)
    .send({ method: 'passkey', challengeId: body.challengeId, response });
}

async function balanceOf({ browser }: Customer): Promise<number> {
  return (await browser.get('/me').expect(200)).body.balance;
}

describe('a program of a customer', () => {
  it('sends once what its owner has approved, and nothing else', async () => {
    const ada = await owner();
    const approval = await asked(ada, { to: 'bea@example.com', amount: 1_250 });
    assert.equal(approval.summary, 'Send €12.50 to bea@example.com, who has no account at this bank');
    assert.equal(approval.url, `${bank.origin}/approvals?approval=${approval.id}`);
    assert.equal((await ask(ada, { to: 'bea@example.com', amount: 1_250 }, approval)).body.reason, 'pending');
    assert.equal((await approve(ada, approval)).status, 200);
    assert.equal((await ask(ada, { to: 'bea@example.com', amount: 125_000 }, approval)).status, 403); // there is no manager
    assert.equal((await ask(ada, { to: 'eve@example.com', amount: 1_250 }, approval)).body.reason, 'mismatch');
    assert.equal((await ask(ada, { to: 'bea@example.com', amount: 1_250 }, approval)).status, 200);
    assert.equal((await ask(ada, { to: 'bea@example.com', amount: 1_250 }, approval)).body.reason, 'spent');
    assert.equal(await balanceOf(ada), 1_000_000 - 1_250);
  });

  it('needs a manager of the bank for more than 1,000 euros: its owner doesn’t do, nor does a customer', async () => {
    const [ada, boss, eve] = [await owner(), await manager(), await newCustomer(bank.origin)];
    await addPasskey(eve);
    const large = { to: 'bea@example.com', amount: 100_001 };
    const approval = await asked(ada, large);
    for (const other of [ada, eve]) {
      const response = await other.browser.post(`/auth/approvals/${approval.id}/options`).send({ method: 'passkey' });
      assert.equal(response.status, 404);
    }
    assert.equal((await approve(boss, approval)).status, 200);
    assert.equal((await ask(ada, large, approval)).status, 200);
    assert.equal(await balanceOf(ada), 1_000_000 - 100_001);
  });

  it('has no key after its owner made another, and gets past no other route', async () => {
    const ada = await owner();
    const bearer = (key: string): [string, string] => ['Authorization', `Bearer ${key}`];
    for (const path of ['/transfers', '/role', '/password', '/api-key']) {
      const body = { to: 'bea@example.com', amount: 1, role: 'admin', next: 'another password' };
      const response = await request(bank.origin)
        .post(path)
        .set(...bearer(ada.apiKey))
        .send(body);
      assert.ok([401, 403].includes(response.status), `${path}: ${response.status}`);
    }
    const { body } = await ada.browser.post('/api-key').expect(201);
    assert.equal((await ask(ada, { to: 'bea@example.com', amount: 1 })).status, 401);
    await asked({ ...ada, apiKey: body.key }, { to: 'bea@example.com', amount: 1 });
  });
});

/** The program of the repository, as its README starts it. */
function startAgent({ apiKey }: Owner, ...args: readonly string[]) {
  const child = spawn(process.execPath, [join(root, 'example-app/agent.mjs'), ...args], {
    env: { ...process.env, BANK: bank.origin, BANK_KEY: apiKey },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exit = once(child, 'exit');
  return {
    /** The approval that it waits for. */
    async approval(): Promise<Approval> {
      for (;;) {
        const id = /approval=([\w-]+)/.exec(said)?.[1];
        if (id !== undefined) return { id, token: '', summary: '', url: '' };
        await once(child.stdout, 'data');
      }
    },
    async ended() {
      const [code] = await exit;
      return { code, said };
    },
  };
}

describe('agent.mjs', () => {
  it('sends what its owner approves, and says so when it was denied', async () => {
    const ada = await owner();
    const [allowed, forbidden] = [startAgent(ada, 'bea@example.com', '12.50'), startAgent(ada, 'eve@example.com', '9')];
    assert.equal((await approve(ada, await allowed.approval())).status, 200);
    await ada.browser.post(`/auth/approvals/${(await forbidden.approval()).id}/deny`).expect(200);
    const [sent, refused] = [await allowed.ended(), await forbidden.ended()];
    assert.match(sent.said, /Sent\. 9987\.5 euros are left\./);
    assert.match(refused.said, /It was denied, so nothing was sent\./);
    assert.deepEqual([sent.code, refused.code], [0, 1]);
    assert.equal(await balanceOf(ada), 1_000_000 - 1_250);
  });

  it('says how it is used', async () => {
    const ada = await owner();
    assert.equal((await startAgent(ada, 'bea@example.com', 'a lot').ended()).code, 2);
  });
});

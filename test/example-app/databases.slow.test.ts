import assert from 'node:assert/strict';
import { afterAll, beforeAll, it } from '@jest/globals';
import request from 'supertest';
import { describeIfPresent } from '../support/needs.js';
import { type PostgresServer, postgresBinaries, startPostgres } from '../support/postgres.js';
import { missingRedis, type RedisServer, startRedisServer } from '../support/redis-server.js';
import { newFolder, type RunningBank, startBanks } from './bank.js';
import {
  addPasskey,
  approve,
  assertAsked,
  type Browser,
  type Customer,
  newCustomer,
  proveByPasskey,
  signInAgain,
} from './customer.js';

const OPENING_BALANCE = 1_000_000;
const ORIGIN = 'http://localhost:3000'; // of the proxy
const SECRET = 'the one secret of all banks at one database';

interface Where {
  readonly postgres: boolean;
  readonly redis: boolean;
}

/** Two banks at one database, as behind a proxy that gives each request to either. */
interface Branches {
  readonly one: RunningBank;
  readonly other: RunningBank;
  close(): Promise<void>;
}

async function openBranches({ postgres, redis }: Where): Promise<Branches> {
  const folder = await newFolder();
  const servers: (PostgresServer | RedisServer)[] = [];
  let database = folder.database;
  let sessions = '';
  if (postgres) {
    const server = await startPostgres();
    servers.push(server);
    database = `postgres://stepgate@localhost/postgres?host=${encodeURIComponent(server.config.host ?? '')}`;
  }
  if (redis) {
    const server = await startRedisServer();
    servers.push(server);
    sessions = `unix://${server.path}`;
  }
  const env = { SESSIONS: sessions, STEPGATE_SECRET: SECRET, ORIGIN };
  const [one, other] = await startBanks(2, database, env).catch(async (error: unknown) => {
    for (const server of servers) await server.stop();
    await folder.remove();
    throw error;
  });
  return {
    one,
    other,
    async close() {
      assert.deepEqual([await one.stop(), await other.stop()], [0, 0]);
      assert.deepEqual([one.errors(), other.errors()], ['', '']);
      for (const server of servers) await server.stop();
      await folder.remove();
    },
  };
}

const places: Readonly<Record<string, Where>> = {
  'a SQLite file': { postgres: false, redis: false },
  PostgreSQL: { postgres: true, redis: false },
  'PostgreSQL, with its sessions in Redis': { postgres: true, redis: true },
};

for (const [place, where] of Object.entries(places)) {
  const missing = [
    ...(where.postgres && postgresBinaries === null ? ['PostgreSQL: initdb and postgres'] : []),
    ...(where.redis && missingRedis !== undefined ? [missingRedis] : []),
  ].join(', and ');

  describeIfPresent(`two banks over ${place}`, missing === '' ? undefined : missing, () => {
    let branches: Branches;
    beforeAll(async () => {
      branches = await openBranches(where);
    });
    afterAll(() => branches.close());

    it('know each other’s customers, and end each other’s sessions', async () => {
      const { one, other } = branches;
      const ada = await newCustomer(one.origin);
      const elsewhere = await signInAgain(other.origin, ada);
      const { body } = await elsewhere.get('/auth/sessions').expect(200);
      assert.equal(body.sessions.length, 2);
      const first = body.sessions.find(({ current }: { current: boolean }) => !current);
      await elsewhere.delete(`/auth/sessions/${first.id}`).expect(204);
      await ada.browser.get('/me').expect(401);
      await elsewhere.get('/me').expect(200);
    });

    it('let a request through by an approval that was given at the other', async () => {
      const { one, other } = branches;
      const ada = await newCustomer(one.origin, ORIGIN);
      const bob = await newCustomer(other.origin);
      await addPasskey(ada);
      const transfer = { to: bob.email, amount: 1234 };
      const asked = await ada.browser.post('/transfers').send(transfer);
      await approve({ ...ada, browser: sameJar(ada, other) }, asked);
      assert.equal(asked.body.challenge.summary, `Send €12.34 to ${bob.email}`);
      await ada.browser
        .post('/transfers')
        .send(transfer)
        .expect(200, { ...transfer, balance: OPENING_BALANCE - 1234 });
      assertAsked(await sameJar(ada, other).post('/transfers').send(transfer));
      const { body } = await bob.browser.get('/transfers').expect(200);
      const [{ id: _, sentAt, ...booking }] = body.transfers;
      assert.deepEqual(booking, { from: ada.email, ...transfer, approvedBy: 'passkey' });
      assert.equal(typeof sentAt, 'number');
    });

    it('keep roles, and give everything out', async () => {
      const ada = await newCustomer(branches.one.origin, ORIGIN);
      await addPasskey(ada);
      assertAsked(await ada.browser.post('/role').send({ role: 'admin' }));
      await proveByPasskey(ada);
      await ada.browser.post('/role').send({ role: 'admin' }).expect(200);
      const { body } = await sameJar(ada, branches.other).get('/export').expect(200);
      assert.deepEqual(body, { email: ada.email, role: 'admin', balance: OPENING_BALANCE, transfers: [] });
    });

    it('close an account at both of them, and leave others what they have received', async () => {
      const { one, other } = branches;
      const ada = await newCustomer(one.origin, ORIGIN);
      const bob = await newCustomer(other.origin);
      await addPasskey(ada);
      const transfer = { to: bob.email, amount: 1234 };
      await approve(ada, await ada.browser.post('/transfers').send(transfer));
      await ada.browser.post('/transfers').send(transfer).expect(200);
      await proveByPasskey(ada);
      await ada.browser.post('/api-key').expect(201);
      await ada.browser.delete('/account').expect(204);
      await sameJar(ada, other).get('/me').expect(401);
      await assert.rejects(signInAgain(other.origin, ada), /got 401/);
      const { body } = await bob.browser.get('/transfers').expect(200);
      assert.match(body.transfers[0].from, /^closed account /);
    });

    it('lose no money where two customers send each other some at once', async () => {
      const { one, other } = branches;
      const customers = [await newCustomer(one.origin, ORIGIN), await newCustomer(one.origin, ORIGIN)] as const;
      const sent = customers.flatMap((from, index) => {
        const to = customers[1 - index]?.email ?? assert.fail();
        return [1, 2, 3, 4].map((amount) => ({ from, transfer: { to, amount } }));
      });
      for (const customer of customers) await addPasskey(customer);
      for (const { from, transfer } of sent) await approve(from, await from.browser.post('/transfers').send(transfer));
      const answers = sent.map(async ({ from, transfer }, index) =>
        sameJar(from, index % 2 === 0 ? one : other)
          .post('/transfers')
          .send(transfer),
      );
      for (const { status, text } of await Promise.all(answers)) assert.equal(status, 200, text);
      for (const { browser } of customers) {
        const { body } = await browser.get('/export').expect(200);
        assert.deepEqual([body.balance, body.transfers.length], [OPENING_BALANCE, sent.length]);
      }
    });
  });
}

/** The same browser, whose requests go to this bank. */
function sameJar({ browser }: Customer, bank: RunningBank): Browser {
  const same = request.agent(bank.origin);
  same.jar = browser.jar;
  return same;
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import request from 'supertest';
import { cleanUp } from '../support/clean-up.js';
import { newFolder, startBank, startBanks } from './bank.js';

const credentials = { email: 'ada@example.com', password: 'correct horse battery staple' };

describe('the server of the bank', () => {
  it('keeps accounts, sessions and its secret over a restart', async () => {
    const { database, folder, remove } = await newFolder();
    cleanUp(remove);
    const first = await startBank(database);
    cleanUp(first.stop);
    const answer = await request(first.origin).post('/signup').send(credentials).expect(201);
    const cookie = answer.get('Set-Cookie')?.find((line) => line.startsWith('session=')) ?? '';
    assert.equal(await first.stop(), 0);

    const { mode } = await stat(join(folder, '.stepgate-secret'));
    assert.equal(mode & 0o777, 0o600);

    const second = await startBank(database);
    cleanUp(second.stop);
    const { body } = await request(second.origin).get('/me').set('Cookie', cookie.split(';', 1)).expect(200);
    assert.equal(body.email, credentials.email);
  });

  it('starts several times at once, with one new database and one new secret', async () => {
    const { database, folder, remove } = await newFolder();
    cleanUp(remove);
    const banks = await startBanks(4, database, { ORIGIN: 'http://localhost:3000' }); // as behind a proxy
    cleanUp(() => Promise.all(banks.map((bank) => bank.stop())));
    const [first, ...others] = banks;
    await request(first.origin).post('/signup').send(credentials).expect(201);
    const { body } = await request(first.origin)
      .post('/login')
      .send({ ...credentials, delivery: 'bearer' });
    for (const { origin } of others)
      await request(origin).get('/me').auth(body.access_token, { type: 'bearer' }).expect(200);
    const secrets = (await readdir(folder)).filter((name) => name.startsWith('.'));
    assert.deepEqual(secrets, ['.stepgate-secret']);
  });

  it('ends when it is asked to, although clients hold connections open', async () => {
    const { database, remove } = await newFolder();
    cleanUp(remove);
    const bank = await startBank(database);
    cleanUp(bank.stop);
    await fetch(bank.origin); // Node's fetch keeps the connection for a next request
    const halfway = connect(Number(new URL(bank.origin).port), 'localhost').on('error', () => {});
    cleanUp(() => halfway.destroy());
    await once(halfway, 'connect');
    halfway.write('GET / HTTP/1.1\r\nHost: ');
    assert.equal(await bank.stop(), 0);
    assert.equal(bank.errors(), '');
  });

  it('says why it could not open', async () => {
    const { database, folder, remove } = await newFolder();
    cleanUp(remove);
    const noDatabase = join(folder, 'notes.txt');
    await writeFile(noDatabase, 'This is no database, but it is as long as the head of one. '.repeat(9));
    assert.match(await whyClosed(database, { PORT: 'eighty' }), /could not open: .*port/);
    assert.match(await whyClosed(database, { STEPGATE_SECRET: 'short' }), /could not open: .*at least 32 bytes/);
    assert.match(
      await whyClosed(database, { ORIGIN: 'http://bank.example' }),
      /could not open: .*http is for localhost only/,
    );
    assert.match(await whyClosed(noDatabase, {}), /could not open: .*not a database/);
  });
});

async function whyClosed(database: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const bank = await startBank(database, env);
    await bank.stop();
    return 'It is open.';
  } catch (error) {
    return String(error);
  }
}

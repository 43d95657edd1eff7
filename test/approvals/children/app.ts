// An app over a SQLite file, which is killed at any moment. What its handler does is a line of the ledger.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import bodyParser from 'body-parser';
import { stepgate } from '../../../lib/stepgate.js';
import { sqliteStore } from '../../../lib/stores/sqlite/index.js';
import { sendJson, testApp } from '../../support/app.js';
import { ORIGIN, SECRET } from '../../support/instance.js';
import { pin } from '../../support/pin.js';

process.once('disconnect', () => process.exit(2)); // the parent died

const [file = '', ledger = ''] = process.argv.slice(2);
const auth = stepgate({
  secret: SECRET,
  issuer: ORIGIN,
  store: sqliteStore(file, { timeout: '1m' }),
  storeTimeout: '1m',
  methods: [pin],
});
const { app } = testApp(auth, {
  routes: {
    '/pay': [
      bodyParser.json(),
      auth.requireFreshStepUp({
        method: 'pin',
        bind: ({ body }) => ({ n: Number(body['n']) }),
        summary: ({ n }) => `Pay bill ${n}`,
        approver: 'user',
      }),
      (req, res) => {
        const { n } = (auth.current(req).action?.payload ?? {}) as { n?: number }; // what was approved
        appendFileSync(ledger, `${n}\n`);
        sendJson(res, { paid: n });
      },
    ],
  },
});
const server = createServer(app).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port); // a TCP server's
});

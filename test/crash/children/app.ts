// An app with stepgate over a SQLite file, for others to load, to kill, and to look into.
import { writeFile } from 'node:fs/promises';
import { writeHeapSnapshot } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import express, { type ErrorRequestHandler } from 'express';
import {
  type Delivery,
  type GuardRequest,
  Refusal,
  type StepgateOptions,
  sendRefusal,
  stepgate,
} from '../../../lib/index.js';
import { passkey } from '../../../lib/methods/passkey/index.js';
import { sqliteStore } from '../../../lib/stores/sqlite/index.js';
import { ORIGIN, SECRET } from '../../support/instance.js';

const [file = '', options = '{}'] = process.argv.slice(2);

/** How many milliseconds the clock of the app is ahead of this machine's. */
let ahead = 0;
let writer: Worker | null = null;
process.on('worker', (worker) => {
  writer = worker;
});

const auth = stepgate({
  secret: SECRET,
  issuer: ORIGIN,
  // What is reported as failed was not done later, however slow the machine.
  store: sqliteStore(file, { timeout: '30s' }),
  storeTimeout: '1m',
  methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] })],
  users: { find: (id) => ({ name: id }) },
  // So that refreshes rotate, with cookies after 45 s, and what was replaced is good only until the next one is used.
  refreshGrace: 0,
  tokenOverlap: 0,
  accessTokenLifetime: '1d',
  clock: { now: () => Date.now() + ahead },
  onEvent: () => {}, // failures are what this is about
  ...(JSON.parse(options) as Partial<StepgateOptions>), // of the script that starts this
});

const app = express();
app.use(express.json());
app.post('/login', async (req, res) => {
  const { userId, delivery } = req.body as { userId: string; delivery: Delivery }; // as the clients of this app send it
  res.json((await auth.signIn(req, res, { userId, method: 'password', delivery })).body);
});
const transferRule = { method: 'passkey', bind: ({ body }: GuardRequest) => body } as const;
app.post('/transfers', auth.requireFreshStepUp(transferRule), (_req, res) => void res.json({ done: true }));
app.use('/auth', auth.router());
app.use(((error, _req, res, next) => {
  if (error instanceof Refusal) sendRefusal(res, error);
  else next(error);
}) satisfies ErrorRequestHandler);

/** What the parent may ask. A path is where heap snapshots go, that of the writer thread to `<path>.writer`. */
type Question = 'end the writer' | 'measure' | { readonly snapshot: string } | { readonly ahead: number };

async function answer(question: Question): Promise<unknown> {
  if (question === 'end the writer') return (await writer?.terminate()) ?? null;
  if (typeof question === 'object' && 'ahead' in question) {
    ahead = question.ahead;
    return null;
  }
  await auth.flush();
  globalThis.gc?.();
  if (question === 'measure') return process.memoryUsage();
  if (writer !== null) await writeFile(`${question.snapshot}.writer`, await writer.getHeapSnapshot());
  return writeHeapSnapshot(question.snapshot);
}

process.on('message', (question: Question) => void answer(question).then((said) => process.send?.(said)));

const server = app.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.on('disconnect', () => process.exit());

// An app over a database that other processes share. It does what its parent says, and ends with it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StepgateEvent } from '../../../lib/events.js';
import type { Middleware } from '../../../lib/http/require-session.js';
import { stepgate } from '../../../lib/stepgate.js';
import { manualClock } from '../../../lib/testing/manual-clock.js';
import { sendJson, testApp } from '../../support/app.js';
import { ORIGIN, SECRET } from '../../support/instance.js';
import { pin } from '../../support/pin.js';
import type { AppReport, AppSettings, AppTask } from '../app-process.js';
import { openShared } from '../shared-store.js';

process.once('disconnect', () => process.exit(2)); // the parent died

const { database, now, options }: AppSettings = JSON.parse(process.argv[2] ?? '');
const clock = manualClock(now);
const events: StepgateEvent['type'][] = [];
const onEvent = ({ type }: StepgateEvent): void => void events.push(type);
const store = await openShared(database);
const auth = stepgate({ secret: SECRET, issuer: ORIGIN, methods: [pin], ...options, store, clock, onEvent });

// The requests that say how many they are wait for each other, so that all are under way at once.
const waiting: (() => void)[] = [];
const together: Middleware = (req, _res, next) => {
  const count = Number(req.headers['x-together'] ?? 0);
  if (count === 0) return next();
  waiting.push(next);
  if (waiting.length === count) for (const release of waiting.splice(0)) release();
};

const passed: string[] = [];
const answer =
  (path: string): Middleware =>
  (_req, res) => {
    passed.push(path);
    sendJson(res, { ok: true });
  };
const { app, errors } = testApp(auth, {
  before: [together],
  routes: {
    '/once': [auth.requireFreshStepUp({ method: 'pin', once: true }), answer('/once')],
    '/pin': [auth.requireFreshStepUp({ method: 'pin', maxAge: '5m' }), answer('/pin')],
  },
});
const server = createServer(app).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port); // a TCP server's
});

async function run(task: AppTask): Promise<AppReport> {
  switch (task.do) {
    case 'advance':
      clock.advance(task.by);
      break;
    case 'flush':
      await auth.flush();
      break;
    case 'crash':
      void Promise.reject(new Error('[on purpose]'));
      break;
    case 'stop':
      server.close();
      server.closeAllConnections();
      await auth.close();
      break;
    case 'report':
  }
  return { events: events.splice(0), passed: passed.splice(0), errors: errors.splice(0).map(String) };
}

async function answerTask(task: AppTask): Promise<void> {
  process.send?.(await run(task));
  if (task.do !== 'stop') return;
  process.removeAllListeners('disconnect');
  process.disconnect(); // nothing else keeps it alive
}

process.on('message', (task: AppTask) => void answerTask(task));

// Guarded reads while sign-ins and touches go on. At `reset` it begins to count, at `report` it tells.
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { stepgate } from '../../dist/esm/index.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { app, folder, SECRET, SESSIONS, seedOrServe } from './serve.mjs';
import { signIn } from './sign-in.mjs';

const SIGN_IN_EVERY = 20; // ms

const auth = stepgate({
  secret: SECRET,
  issuer: 'http://localhost:3000',
  insecureCookies: true,
  store: sqliteStore(join(folder, 'sessions.db')),
  touchInterval: '1s', // nearly every session that is seen is to be touched
});

async function seed() {
  const headers = await signIn(auth, SESSIONS);
  await auth.close();
  return headers;
}

function mount() {
  app.get('/', auth.requireSession, (req, res) => res.json({ userId: req.auth.userId }));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let signIns = { asked: 0, done: 0, failed: 0 };
  process.on('message', (message) => {
    if (message === 'report')
      process.send({ delay: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }, signIns });
    delay.reset();
    signIns = { asked: 0, done: 0, failed: 0 };
  });
  setInterval(() => {
    const counted = signIns;
    counted.asked += 1;
    signIn(auth, 1).then(
      () => {
        counted.done += 1;
      },
      () => {
        counted.failed += 1;
      },
    );
  }, SIGN_IN_EVERY);
}

await seedOrServe(seed, mount);

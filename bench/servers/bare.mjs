// Express alone. The load sends headers of the same length as to the guards, which Node has to read all the same.
import { randomBytes } from 'node:crypto';
import { app, headersOf, seedOrServe } from './serve.mjs';

await seedOrServe(
  () => headersOf(() => `Cookie: session=${randomBytes(32).toString('base64url')}`),
  () => app.get('/', (_req, res) => res.json({ userId: 'user-12345' })),
);

import type { AddressInfo } from 'node:net';
import express from 'express';
import { password, stepgate } from 'stepgate';
import 'stepgate/express';
import { sqliteStore } from 'stepgate/sqlite';

const auth = stepgate({
  secret: process.env.STEPGATE_SECRET,
  issuer: 'http://localhost',
  insecureCookies: true,
  store: sqliteStore('app.db'),
  methods: [password({ verify: (_userId, given) => given === 'sesame' })],
});

const app = express();
app.use(express.json());
app.use('/auth', auth.router());
app.post('/login', async (req, res) => {
  const { body } = await auth.signIn(req, res, { userId: 'u1', method: 'password' });
  res.json(body);
});
app.get('/me', auth.requireSession, (req, res) => {
  const { userId } = req.auth;
  res.json({ userId });
});
app.post('/transfers', auth.requireFreshStepUp({ method: 'password', bind: () => ({ cents: 10 }) }), (_req, res) => {
  res.json({});
});

const server = app.listen(0, () => {
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  console.log(port);
});
process.once('SIGTERM', () => {
  server.close(() => void auth.close());
});

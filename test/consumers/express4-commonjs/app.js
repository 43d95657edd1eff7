const express = require('express');
const { password, stepgate } = require('stepgate');
const { sqliteStore } = require('stepgate/sqlite');

const auth = stepgate({
  secret: process.env.STEPGATE_SECRET,
  issuer: 'http://localhost',
  insecureCookies: true,
  store: sqliteStore('app.db'),
  methods: [password({ verify: (_userId, given) => given === 'sesame' })],
});

const app = express();
app.use('/auth', auth.router());
app.use(express.json());
app.post('/login', (req, res, next) => {
  auth
    .signIn(req, res, { userId: 'u1', method: 'password' })
    .then(({ body }) => res.json(body))
    .catch(next);
});
app.get('/me', auth.requireSession, (req, res) => res.json({ userId: req.auth.userId }));
app.post('/transfers', auth.requireFreshStepUp({ method: 'password', bind: () => ({ cents: 10 }) }), (_req, res) =>
  res.json({}),
);

const server = app.listen(0, () => console.log(server.address().port));
process.once('SIGTERM', () => server.close(() => auth.close()));

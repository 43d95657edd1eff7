const express = require('express');
const session = require('express-session');
const passport = require('passport');
const { Strategy } = require('passport-local');
const { password, stepgate } = require('stepgate');
const { expressSession } = require('stepgate/express-session');
const { sqliteStore } = require('stepgate/sqlite');

const app = express();
app.use(session({ secret: 'of the app', resave: false, saveUninitialized: false, store: new session.MemoryStore() }));
app.use(passport.initialize(), passport.session());
passport.use(new Strategy((username, given, done) => done(null, given === 'sesame' && { id: username })));
passport.serializeUser((user, done) => done(null, user.id));
passport.deserializeUser((id, done) => done(null, { id }));

const auth = stepgate({
  secret: process.env.STEPGATE_SECRET,
  issuer: 'http://localhost',
  insecureCookies: true,
  store: sqliteStore('app.db'),
  methods: [password({ verify: (_userId, given) => given === 'sesame' })],
  session: expressSession({ userId: (req) => req.user?.id, destroy: true }),
});
app.use('/auth', auth.router());
app.use(express.json());
app.post('/login', passport.authenticate('local'), (_req, res) => res.json({}));
app.get('/me', auth.requireSession, (req, res) => res.json({ userId: req.auth.userId }));
app.post('/transfers', auth.requireFreshStepUp({ method: 'password', bind: () => ({ cents: 10 }) }), (_req, res) =>
  res.json({}),
);

const server = app.listen(0, () => console.log(server.address().port));
process.once('SIGTERM', () => server.close(() => auth.close()));

import connect from 'connect';
import { memoryStore, password, stepgate } from 'stepgate';

const auth = stepgate({
  secret: process.env.STEPGATE_SECRET,
  issuer: 'http://localhost',
  insecureCookies: true,
  store: memoryStore(),
  methods: [password({ verify: (_userId, given) => given === 'sesame' })],
});

const app = connect();
app.use('/auth', auth.router());
app.use('/login', (req, res, next) => {
  auth
    .signIn(req, res, { userId: 'u1', method: 'password' })
    .then(({ body }) => res.end(JSON.stringify(body)))
    .catch(next);
});
app.use('/me', auth.requireSession);
app.use('/me', (req, res) => res.end(JSON.stringify({ userId: auth.current(req).userId })));
app.use('/transfers', auth.requireFreshStepUp({ method: 'password', bind: () => ({ cents: 10 }) }));
app.use('/transfers', (_req, res) => res.end('{}'));

const server = app.listen(0, () => console.log(server.address().port));
process.once('SIGTERM', () => server.close(() => auth.close()));

import connect from 'connect';
import { memoryStore, stepgate } from 'stepgate';

const auth = stepgate({
  secret: process.env.STEPGATE_SECRET,
  issuer: 'http://localhost',
  insecureCookies: true,
  store: memoryStore(),
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

const server = app.listen(0, () => console.log(server.address().port));
process.once('SIGTERM', () => server.close(() => auth.close()));

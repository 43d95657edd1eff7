// Express and jsonwebtoken: nothing can be revoked.
import { app, headersOf, seedOrServe } from './serve.mjs';
import { issue, verify } from './tokens.mjs';

function guard(req, res, next) {
  const claims = verify(req);
  if (claims === null) return res.status(401).json({ error: 'unauthorized' });
  req.user = { id: claims.sub };
  next();
}

await seedOrServe(
  () => headersOf((i) => `Authorization: Bearer ${issue(`user-${i}`, `session-${i}`)}`),
  () => app.get('/', guard, (req, res) => res.json({ userId: req.user.id })),
);

import { createHmac, randomBytes } from 'node:crypto';
import session from 'express-session';
import { app, SECRET, SESSIONS } from './serve.mjs';

const cookie = { maxAge: 30 * 86_400_000, httpOnly: true, sameSite: 'lax' };

/** Fills a store, and gives the cookie of each session. */
export async function seedInto(store) {
  const headers = [];
  for (let i = 0; i < SESSIONS; i++) {
    const sid = randomBytes(24).toString('base64url');
    await new Promise((resolve, reject) => {
      store.set(sid, sessionOf(`user-${i}`), (error) => (error ? reject(error) : resolve()));
    });
    const signature = createHmac('sha256', SECRET).update(sid).digest('base64').replace(/=+$/, '');
    headers.push(`Cookie: connect.sid=${encodeURIComponent(`s:${sid}.${signature}`)}`);
  }
  return headers;
}

/** What express-session hands to a store. */
export function sessionOf(userId) {
  const expires = new Date(Date.now() + cookie.maxAge);
  return { cookie: { originalMaxAge: cookie.maxAge, expires, ...cookie }, userId };
}

/** As its README recommends: a session is written when it was changed, else touched. */
export function mountOn(store, guard) {
  app.use(session({ store, secret: SECRET, cookie, resave: false, saveUninitialized: false }));
  if (guard !== undefined) app.use(guard);
  app.get('/', (req, res) => {
    const { userId } = req.session;
    if (userId === undefined) return res.status(401).json({ error: 'unauthorized' });
    res.json({ userId });
  });
}

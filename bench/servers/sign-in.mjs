import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

const AT_ONCE = 1_000;

/** Signs users in, and gives the header of each session. */
export async function signIn(auth, count) {
  const headers = [];
  while (headers.length < count) {
    const first = headers.length;
    const length = Math.min(AT_ONCE, count - first);
    headers.push(...(await Promise.all(Array.from({ length }, (_, i) => signInOne(auth, `user-${first + i}`)))));
  }
  return headers;
}

async function signInOne(auth, userId) {
  const req = new IncomingMessage(new Socket());
  req.headers['user-agent'] = 'Mozilla/5.0';
  req.ip = '127.0.0.1';
  const res = new ServerResponse(req);
  const { body } = await auth.signIn(req, res, { userId, method: 'password' });
  if (body.access_token !== undefined) return `Authorization: Bearer ${body.access_token}`;
  const cookie = res.getHeader('Set-Cookie').find((line) => !/Max-Age=0/.test(line));
  return `Cookie: ${cookie.split(';')[0]}`;
}

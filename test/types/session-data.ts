// Compiled only: an app says once what its sessions hold, and has it typed everywhere.
import { memoryStore, type Session, stepgate } from 'stepgate';

declare module 'stepgate' {
  interface SessionData {
    // Optional, since it counts for every program compiled together with this file.
    readonly tenant?: string;
  }
}

const auth = stepgate({ secret: process.env['STEPGATE_SECRET'], issuer: 'https://app.example', store: memoryStore() });

export async function login(...[req, res]: Parameters<typeof auth.signIn>): Promise<string | undefined> {
  const { session } = await auth.signIn(req, res, { userId: 'u1', method: 'password', data: { tenant: 't1' } });
  // @ts-expect-error a tenant is a string
  await auth.signIn(req, res, { userId: 'u1', method: 'password', data: { tenant: 1 } });
  // @ts-expect-error what was not declared isn't kept
  await auth.signIn(req, res, { userId: 'u1', method: 'password', data: { role: 'admin' } });
  const [listed] = (await auth.sessions.listForUser('u1')).sessions;
  return session.data?.tenant ?? listed?.data?.tenant;
}

export function change(session: Session): void {
  // @ts-expect-error the data is fixed at sign-in
  session.data = { tenant: 't2' };
}

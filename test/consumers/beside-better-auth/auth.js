// As a team has it: better-auth on a database of its own, with passwords and passkeys.
import { passkey } from '@better-auth/passkey';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import Database from 'better-sqlite3';

export const ORIGIN = 'https://app.example';
export const db = new Database('better-auth.db');

const settings = {
  database: db,
  secret: 'a secret of better-auth of 32 bytes or more',
  baseURL: ORIGIN,
  trustedOrigins: [ORIGIN],
  emailAndPassword: { enabled: true },
  session: { cookieCache: { enabled: true, maxAge: 300 } },
  telemetry: { enabled: false },
  logger: { disabled: true },
  rateLimit: { enabled: false },
  plugins: [passkey({ rpID: 'app.example', rpName: 'Example', origin: ORIGIN })],
};
await (await getMigrations(settings)).runMigrations();
export const auth = betterAuth(settings);

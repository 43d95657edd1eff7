// Compiled only: each line marked as an error must be one.
import { type Duration, memoryStore, stepgate } from 'stepgate';

const required = { secret: process.env['STEPGATE_SECRET'], issuer: 'https://app.example', store: memoryStore() };

export const durations: Duration[] = ['30s', '5m', '12h', '30d', 90, 0.5];
// @ts-expect-error a number without a unit would be read as what? Seconds are written as a number.
export const unitless: Duration = '5';
// @ts-expect-error milliseconds are no unit
export const milliseconds: Duration = '5ms';
// @ts-expect-error no spelt-out units
export const words: Duration = '5 minutes';
// @ts-expect-error no fractions: write 90, or '90s'
export const fraction: Duration = '1.5m';

export const instance = stepgate({
  ...required,
  secret: [process.env['NEW_SECRET'], process.env['OLD_SECRET']],
  delivery: 'token-cookies',
  idleLifetime: '12h',
  refreshGrace: 0,
  policy: 'nist-aal2',
});
/** With `exactOptionalPropertyTypes`, too: what is undefined counts as left out. */
const unset = process.env['UNSET'];
stepgate({ ...required, cookieName: unset, audience: unset, clock: undefined, collect: { ip: undefined } });
instance.requireSession({ optional: undefined, onRefusal: undefined });
instance.router({ listData: undefined });
// @ts-expect-error the three without which there is no instance
stepgate({ secret: 'a', issuer: 'https://app.example' });
// @ts-expect-error a misspelt option
stepgate({ ...required, idleLifeTime: '12h' });
// @ts-expect-error no such delivery
stepgate({ ...required, delivery: 'header' });
// @ts-expect-error no such policy
stepgate({ ...required, policy: 'nist-aal4' });
// @ts-expect-error a duration without a unit
stepgate({ ...required, absoluteLifetime: '30' });
// @ts-expect-error whatever isn't a store
stepgate({ ...required, store: new Map() });

export async function login(...[req, res]: Parameters<typeof instance.signIn>): Promise<void> {
  await instance.signIn(req, res, { userId: 'u1', method: ['password', 'external'], delivery: 'bearer' });
  // @ts-expect-error a method that isn't configured
  await instance.signIn(req, res, { userId: 'u1', method: 'passkey' });
  // @ts-expect-error no such delivery
  await instance.signIn(req, res, { userId: 'u1', method: 'password', delivery: 'query' });
  // @ts-expect-error who signs in must be said
  await instance.signIn(req, res, { method: 'password' });
  // @ts-expect-error ids are strings
  await instance.signIn(req, res, { userId: 1, method: 'password' });
  // @ts-expect-error unknown options
  await instance.signIn(req, res, { userId: 'u1', method: 'password', remember: true });
}

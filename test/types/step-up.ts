// Compiled only: each line marked as an error must be one. The forms of rules are in test/step-up/rule-types.test.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { type Method, type MethodOutcome, memoryStore, password, type Rule, stepgate } from 'stepgate';
import { passkey } from 'stepgate/passkey';

const required = { secret: process.env['STEPGATE_SECRET'], issuer: 'https://app.example', store: memoryStore() };

const pin: Method<'pin'> = {
  name: 'pin',
  acr: null,
  amr: ['pin'],
  guessable: true,
  needs: [],
  enrolled: ({ userId }) => userId !== 'nobody',
  verify: async ({ response }): Promise<MethodOutcome> =>
    response === null ? { outcome: 'failed', reason: 'malformed' } : { outcome: 'verified' },
};

const instance = stepgate({
  ...required,
  users: { find: (id) => ({ name: id }) },
  methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: ['https://app.example'] }), pin],
});
const { requireFreshStepUp, requireEnrolmentProof, beginStepUp, verifyStepUp, verifyOnly, signIn } = instance;

const app = express();
app.get('/x/:id', requireFreshStepUp({ method: ['passkey', 'pin'], maxAge: '5m' }), (req, res) => {
  res.json([req.params.id.toUpperCase(), req.auth]);
  // @ts-expect-error the route has no such parameter
  void req.params.other;
});
app.post('/methods', requireEnrolmentProof, (_req, res) => res.sendStatus(204));
app.use('/auth', instance.router({ manageSessions: { method: 'pin', maxAge: '5m' } }));

// @ts-expect-error it is not a guard itself
app.use(requireFreshStepUp);
// @ts-expect-error a method that isn't configured, though there is one of that name
requireFreshStepUp({ method: 'totp', maxAge: '5m' });
// @ts-expect-error the same deep inside
requireFreshStepUp({ anyOf: [{ method: 'pin', maxAge: '5m' }, { allOf: [{ method: 'totp', maxAge: '5m' }] }] });
// @ts-expect-error ended sessions wait for no single request
instance.router({ manageSessions: { method: 'pin', once: true } });
// @ts-expect-error a misspelt option
requireFreshStepUp({ method: 'pin', maxAge: '5m' }, { onRefuse: () => {} });
// @ts-expect-error without methods there is nothing to ask for
stepgate(required).requireFreshStepUp({ method: 'pin', maxAge: '5m' });

/** The names of an instance are its own. */
export const rule: Rule<'passkey' | 'pin'> = { method: 'pin', maxAge: '5m' };
const other = stepgate({ ...required, methods: [password({ verify: () => true })] });
// @ts-expect-error a rule of another instance
other.requireFreshStepUp(rule);

// @ts-expect-error the answer is an outcome
export const sayingTrue: Method<'pin'> = { ...pin, verify: () => true };
// @ts-expect-error a reason that no event has
export const otherReason: Method<'pin'> = { ...pin, verify: () => ({ outcome: 'failed', reason: 'tired' }) };
// @ts-expect-error whether it can be guessed has to be said
export const unsaid: Method<'pin'> = {
  name: 'pin',
  acr: null,
  amr: [],
  needs: [],
  enrolled: pin.enrolled,
  verify: pin.verify,
};
// @ts-expect-error a part that no store has
export const needy: Method<'pin'> = { ...pin, needs: ['pins'] };

export async function calls(req: IncomingMessage, res: ServerResponse): Promise<unknown> {
  const { challengeId, options } = await beginStepUp(req, { method: 'passkey', purpose: 'verify-only' });
  const { userId } = await verifyOnly(req, { method: 'passkey', challengeId, response: options });
  const { verifiedAt, access_token } = await verifyStepUp(req, res, { method: 'pin', response: { pin: '1234' } });
  await signIn(req, res, { userId, method: ['pin', 'password', 'external'], startedAt: { pin: verifiedAt } });
  // @ts-expect-error a method that isn't configured
  await beginStepUp(req, { method: 'totp' });
  // @ts-expect-error an enrolment has routes of its own
  await beginStepUp(req, { method: 'passkey', purpose: 'enrolment' });
  // @ts-expect-error without an answer there is nothing to verify
  await verifyStepUp(req, res, { method: 'pin' });
  // @ts-expect-error who it is says the session
  await verifyOnly(req, { method: 'pin', response: {}, userId });
  return access_token?.length;
}

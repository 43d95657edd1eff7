// Compiled only: each line marked as an error must be one.
import type { GuardRequest } from 'stepgate';
import { memoryStore, password, stepgate } from 'stepgate';

const required = { secret: process.env['STEPGATE_SECRET'], issuer: 'https://app.example', store: memoryStore() };
const { requireFreshStepUp } = stepgate({
  ...required,
  methods: [password({ verify: () => true })],
});
const bind = ({ body }: GuardRequest) => ({ to: String(body['to']), amount: Number(body['amount']) });

requireFreshStepUp({ method: 'password', bind, summary: ({ to }) => to.trim(), approver: 'user' });
requireFreshStepUp({
  method: 'password',
  bind,
  summary: ({ to }) => to.trim(),
  approver: (req, { amount }) => (amount > 1_000 && req.originalUrl !== '' ? ['bea'] : ['cleo']),
});

// @ts-expect-error who approves has to read what it is
requireFreshStepUp({ method: 'password', bind, approver: 'user' });
// @ts-expect-error without a payload there is nothing to read
requireFreshStepUp({ method: 'password', once: true, approver: 'user' });
// @ts-expect-error a proof is the user's own
requireFreshStepUp({ method: 'password', maxAge: '5m', approver: 'user' });
// @ts-expect-error no such approver
requireFreshStepUp({ method: 'password', bind, summary: () => 'x', approver: 'others' });
// @ts-expect-error ids, not users
requireFreshStepUp({ method: 'password', bind, summary: () => 'x', approver: () => [{ id: 'bea' }] });

const key = { prefix: 'bank_', ask: true } as const;
stepgate({ ...required, apiKeys: { ...key, verify: () => ({ userId: 'ada', id: 'agent' }) } });
stepgate({ ...required, apiKeys: { prefix: 'bank_', verify: () => ({ userId: 'ada' }) } });
// @ts-expect-error a key that asks has an id
stepgate({ ...required, apiKeys: { ...key, verify: () => ({ userId: 'ada' }) } });

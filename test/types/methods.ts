// Compiled only: each line marked as an error must be one.
import {
  type MethodField,
  memoryStore,
  type PagesOptions,
  password,
  type RenderPage,
  recoveryCode,
  stepgate,
} from 'stepgate';
import { signedIn } from 'stepgate/testing';
import { totp } from 'stepgate/totp';

const auth = stepgate({
  secret: process.env['STEPGATE_SECRET'],
  issuer: 'https://app.example',
  store: memoryStore(),
  users: { find: async (userId) => ({ name: userId }) },
  methods: [
    totp({ issuer: 'Example' }),
    password({ verify: async (userId, given) => userId === given }),
    recoveryCode(),
  ],
});

const { requireFreshStepUp, methods } = auth;

export const guards = [
  requireFreshStepUp({ method: ['totp', 'password'], maxAge: '10m' }),
  requireFreshStepUp({ method: 'recovery-code', once: true }),
  // @ts-expect-error a method that isn't configured
  requireFreshStepUp({ method: 'passkey', maxAge: '5m' }),
];

export async function moveIn(userId: string, secret: string): Promise<void> {
  await methods.import(userId, 'totp', { secret });
  // @ts-expect-error a misspelt method
  await methods.remove(userId, 'recovery-codes');
}

// @ts-expect-error a password is checked by the app
password({});
// @ts-expect-error a misspelt option
totp({ isuer: 'Example' });

export const forTests = [
  signedIn(auth, { userId: 'ada', proofs: { totp: '1m', password: 0 } }),
  // @ts-expect-error a method that isn't configured
  signedIn(auth, { userId: 'ada', proofs: { passkey: '1m' } }),
];

const field: MethodField = { member: 'code', label: 'PIN', type: 'password', autocomplete: 'off' };
const render: RenderPage = ({ title, body, content }) => (content.type === 'ask' ? `${title}${body}` : title);
export const pages = auth.pages({ render } satisfies PagesOptions);
export const asked = field.member;
// @ts-expect-error a page is text
auth.pages({ render: () => 1 });

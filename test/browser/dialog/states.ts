import type { Asked, DialogPage } from './page.js';

/** Everything that the dialog can look like, and how one gets there. */
export interface State {
  readonly name: string;
  readonly asked: Asked;
  readonly reach?: (dialog: DialogPage) => Promise<void>;
  /** Among the pictures of the docs. */
  readonly isShown?: true;
}

const ACTION = { why: 'action', summary: 'Send €700.00 to Bob Miller' } as const;
const ALL = [['passkey'], ['totp'], ['password'], ['recovery-code']] as const;

export const STATES: readonly State[] = [
  { name: 'proof', asked: { ways: ALL }, isShown: true },
  { name: 'action', asked: { ...ACTION, ways: [['passkey'], ['totp']] }, isShown: true },
  { name: 'password', asked: { ways: [['password']] }, isShown: true },
  { name: 'code', asked: { ...ACTION, ways: [['totp'], ['passkey']] }, isShown: true },
  { name: 'recovery-code', asked: { ways: [['recovery-code']] } },
  {
    name: 'wrong',
    asked: { ...ACTION, ways: [['totp'], ['passkey']], answers: [{ outcome: 'wrong', attemptsLeft: 3 }] },
    reach: answerCode,
    isShown: true,
  },
  {
    name: 'wrong-passkey',
    asked: { answers: [{ outcome: 'wrong', attemptsLeft: null }] },
    reach: usePasskey,
  },
  {
    name: 'locked',
    asked: { ways: [['totp'], ['passkey']], answers: [{ outcome: 'locked', retryAfter: 899 }] },
    reach: answerCode,
    isShown: true,
  },
  {
    name: 'locked-without-another-way',
    asked: { ways: [['totp']], answers: [{ outcome: 'locked', retryAfter: 60 }] },
    reach: answerCode,
  },
  {
    name: 'disabled',
    asked: { ways: [['totp'], ['password']], answers: [{ outcome: 'disabled' }] },
    reach: answerCode,
  },
  {
    name: 'nothing-left',
    asked: { ways: [['totp']], answers: [{ outcome: 'disabled' }] },
    reach: answerCode,
  },
  {
    name: 'unavailable',
    asked: { ways: [['passkey'], ['password']], answers: [{ outcome: 'unavailable' }] },
    reach: usePasskey,
  },
  { name: 'dismissed', asked: { answers: [{ outcome: 'dismissed' }] }, reach: usePasskey },
  { name: 'offline', asked: { ways: [['totp']], answers: [{ outcome: 'offline' }] }, reach: answerCode },
  {
    name: 'next',
    asked: {
      ways: [['password', 'totp']],
      answers: [{ outcome: 'verified', left: [['totp']] }],
    },
    async reach(dialog) {
      await dialog.type('Password', 'sesame');
      await dialog.choose('Confirm');
    },
    isShown: true,
  },
  { name: 'waiting', asked: ACTION, reach: usePasskey, isShown: true },
  { name: 'sending', asked: { ways: [['totp'], ['passkey']] }, reach: answerCode },
  { name: 'again', asked: { ...ACTION, again: { spentAt: Date.now() - 125_000 } }, isShown: true },
  { name: 'asked-once-more', asked: { ...ACTION, notice: 'expired', ways: [['totp'], ['passkey']] } },
  {
    name: 'over',
    asked: { ...ACTION, expiresIn: 300_000 },
    reach: ({ page }) => page.clock.runFor(301_000),
    isShown: true,
  },
  {
    name: 'hostile-summary',
    asked: {
      ...ACTION,
      summary: `<img src=x onerror="document.title='broken'"> ${'W'.repeat(470)}`,
      ways: ALL,
    },
  },
  {
    name: 'german',
    asked: { ...ACTION, summary: '700,00 € an Bob Müller', dialog: 'german', ways: [['password'], ['recovery-code']] },
    isShown: true,
  },
];

async function answerCode(dialog: DialogPage): Promise<void> {
  await dialog.type('Code of your authenticator app', '123456');
  await dialog.choose('Confirm');
}

async function usePasskey(dialog: DialogPage): Promise<void> {
  await dialog.choose('Use a passkey');
}

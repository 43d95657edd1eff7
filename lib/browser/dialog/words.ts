/** What the dialog says of one method. */
export interface MethodWords {
  /** On the button that chooses it, and for a passkey on the one that begins it. */
  readonly choose: string;
  /** The name of the field; a passkey has none. */
  readonly label?: string;
  /** The answer was wrong. */
  readonly wrong: string;
}

/**
 * Everything that the dialog says, in one language. None of it says what has become of the request: that is the app's to
 * say. To change a word, spread: `{ ...english, cancel: 'Not now' }`.
 */
export interface DialogWords {
  /** BCP 47. */
  readonly lang: string;
  /** The title of a dialog that asks for a proof. */
  readonly proof: string;
  /** The title of a dialog that asks to confirm an action. */
  readonly action: string;
  readonly again: {
    readonly title: string;
    /** `ago`: "2 minutes ago", in this language. */
    readonly text: (ago: string) => string;
    readonly yes: string;
    readonly no: string;
  };
  /** On the button that sends what was typed. */
  readonly confirm: string;
  readonly cancel: string;
  /** Above the other methods. */
  readonly others: string;
  /** The browser asks for the passkey. */
  readonly waiting: string;
  /** The answer is on its way. */
  readonly sending: string;
  readonly attemptsLeft: (count: number) => string;
  readonly locked: string;
  /** `time`: minutes and seconds, "14:59". */
  readonly retryIn: (time: string) => string;
  readonly disabled: string;
  readonly unavailable: string;
  readonly dismissed: string;
  readonly offline: string;
  /** The time was over, and the user is asked once more. */
  readonly expired: string;
  /** The time is over. */
  readonly over: string;
  readonly restart: string;
  /** One of several methods was passed. */
  readonly next: string;
  /** No method is left that can be asked for here. */
  readonly nothingLeft: string;
  readonly methods: Readonly<Record<'passkey' | 'totp' | 'password' | 'recovery-code', MethodWords>>;
}

export const english: DialogWords = {
  lang: 'en',
  proof: 'Confirm that it is you',
  action: 'Confirm this',
  again: {
    title: 'Do it again?',
    text: (ago) => `You confirmed exactly this ${ago}. Do it again?`,
    yes: 'Do it again',
    no: 'No',
  },
  confirm: 'Confirm',
  cancel: 'Cancel',
  others: 'Another way',
  waiting: 'Waiting for your passkey…',
  sending: 'On its way…',
  attemptsLeft: (count) => (count === 1 ? 'One attempt is left.' : `${count} attempts are left.`),
  locked: 'Too many wrong answers.',
  retryIn: (time) => `You can try again in ${time}.`,
  disabled: 'This way was switched off after too many wrong answers.',
  unavailable: 'This device cannot do that.',
  dismissed: 'Not confirmed yet.',
  offline: 'No answer came. Check your connection and try again.',
  expired: 'The time was over. Please confirm once more.',
  over: 'The time to confirm this is over.',
  restart: 'Start again',
  next: 'Right. One more thing:',
  nothingLeft: 'There is no other way.',
  methods: {
    passkey: {
      choose: 'Use a passkey',
      wrong: 'This passkey was not accepted.',
    },
    totp: {
      choose: 'Use a code of your app',
      label: 'Code of your authenticator app',
      wrong: 'This code is wrong, or was used already.',
    },
    password: {
      choose: 'Use your password',
      label: 'Password',
      wrong: 'This password is wrong.',
    },
    'recovery-code': {
      choose: 'Use a recovery code',
      label: 'Recovery code',
      wrong: 'This code is wrong, or was used already.',
    },
  },
};

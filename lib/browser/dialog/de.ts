import type { DialogWords } from './words.js';

export const german: DialogWords = {
  lang: 'de',
  proof: 'Bestätigen Sie, dass Sie es sind',
  action: 'Bestätigen Sie dies',
  again: {
    title: 'Noch einmal ausführen?',
    text: (ago) => `Genau dies haben Sie ${ago} bestätigt. Noch einmal ausführen?`,
    yes: 'Noch einmal ausführen',
    no: 'Nein',
  },
  confirm: 'Bestätigen',
  cancel: 'Abbrechen',
  others: 'Anderer Weg',
  waiting: 'Warten auf Ihren Passkey …',
  sending: 'Ist unterwegs …',
  attemptsLeft: (count) => (count === 1 ? 'Sie haben noch einen Versuch.' : `Sie haben noch ${count} Versuche.`),
  locked: 'Zu viele falsche Antworten.',
  retryIn: (time) => `Neuer Versuch in ${time}.`,
  disabled: 'Dieser Weg wurde nach zu vielen falschen Antworten abgeschaltet.',
  unavailable: 'Dieses Gerät kann das nicht.',
  dismissed: 'Noch nicht bestätigt.',
  offline: 'Es kam keine Antwort. Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.',
  expired: 'Die Zeit war abgelaufen. Bitte bestätigen Sie noch einmal.',
  over: 'Die Zeit zum Bestätigen ist abgelaufen.',
  restart: 'Neu beginnen',
  next: 'Richtig. Eines noch:',
  nothingLeft: 'Es gibt keinen anderen Weg.',
  methods: {
    passkey: {
      choose: 'Passkey verwenden',
      wrong: 'Dieser Passkey wurde nicht angenommen.',
    },
    totp: {
      choose: 'Code Ihrer App verwenden',
      label: 'Code Ihrer Authenticator-App',
      wrong: 'Dieser Code ist falsch oder schon verwendet.',
    },
    password: {
      choose: 'Passwort verwenden',
      label: 'Passwort',
      wrong: 'Dieses Passwort ist falsch.',
    },
    'recovery-code': {
      choose: 'Wiederherstellungscode verwenden',
      label: 'Wiederherstellungscode',
      wrong: 'Dieser Code ist falsch oder schon verwendet.',
    },
  },
};

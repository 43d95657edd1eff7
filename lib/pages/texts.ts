import type { Refusal } from '../http/refusal.js';
import type { RefusedFields } from './fields.js';

export const REFUSED_FIELDS: Readonly<Record<RefusedFields, string>> = {
  files: 'A form with files can’t be kept while you confirm. Go back, confirm first, and then send it.',
  type: 'This kind of form can’t be kept while you confirm. Confirm first, and then send it.',
  unread: 'The form could not be read.',
  changed: 'The form holds something that would not be sent again the same. Confirm first, and then send it.',
  size: 'The form is too large to be kept while you confirm. Confirm first, and then send it.',
};

/** What is said after an answer that was no good. */
export function wrongText({ code, headers }: Refusal, attemptsLeft: number | undefined): string {
  if (code === 'method_locked') {
    const minutes = Math.ceil(Number(headers['Retry-After']) / 60);
    return `Too many wrong answers. You can try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`;
  }
  if (code === 'method_disabled') return 'This way was switched off after too many wrong answers.';
  if (attemptsLeft === undefined) return 'That was not right.';
  return `That was not right. ${attemptsLeft === 1 ? 'One attempt is' : `${attemptsLeft} attempts are`} left.`;
}

/** That exactly this was done before. */
export function againText(spentAt: number, now: number): string {
  const minutes = Math.max(0, Math.round((now - spentAt) / 60_000));
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const ago = minutes < 60 ? format.format(-minutes, 'minute') : format.format(-Math.round(minutes / 60), 'hour');
  return `You confirmed exactly this ${minutes === 0 ? 'just now' : ago}. Do it again?`;
}

import { publicSession } from '../session/sessions.js';
import type { Session, SessionRow } from '../stores/contract/sessions.js';

/** A session as its user's pages get it. What the app keeps in `data` may not be for the user's eyes. */
export type ListedSession = Omit<Session, 'data'> & Partial<Pick<Session, 'data'>>;

export function listedSession(row: SessionRow, listData: boolean): ListedSession {
  const { data, ...rest } = publicSession(row);
  return listData ? { ...rest, data } : rest;
}

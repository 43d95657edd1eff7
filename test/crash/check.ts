import { hashToken } from '../../lib/internal/tokens.js';
import { readJwt } from '../tokens/jwt.js';
import type { RunningApp } from './app.js';
import { expect } from './client.js';
import { type Change, type Entry, orphan, Violation } from './ledger.js';
import type { RawRows } from './rows.js';
import type { User } from './user.js';

export interface CheckOptions {
  readonly app: RunningApp;
  readonly rows: RawRows;
  readonly report: (violation: Violation) => void;
}

/** Holds what the app has now against what a user was told. Afterwards nothing is in flight. */
export async function checkUser(user: User, { app, rows, report }: CheckOptions): Promise<void> {
  const attempt = async (run: () => unknown, entry?: Entry): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      report(error);
      if (entry !== undefined) user.forget(entry);
    }
  };

  const unanswered = user.inFlight;
  const change = unanswered !== null && 'entry' in unanswered ? unanswered : null;
  user.inFlight = null;
  await attempt(() => settleRows(user, unanswered, rows));
  for (const entry of user.live) {
    await attempt(() => checkRow(user, entry, rows, change?.entry === entry), entry);
  }
  for (const entry of user.ended) await attempt(() => checkNoRow(entry, rows), entry);
  if (!rows.passkeys.has(user.id)) report(new Violation('lost', `The passkey of ${user.id} is gone.`));

  for (const entry of user.live) {
    if (entry.credential === null) continue;
    await attempt(async () => {
      if (change?.entry === entry) await settle(user, change);
      await checkSession(user, entry);
    }, entry);
  }
  for (const sent of user.signIns) {
    await attempt(async () => expect(await app.send(sent), [403], 'spent then good', 'A sign-in that was done'));
  }
}

/** Of what wasn't answered all was done, or nothing. */
function settleRows(user: User, unanswered: User['inFlight'], { sessions }: RawRows): void {
  const known = new Set([...user.live, ...user.ended].map(({ id }) => id));
  const untold = [...sessions.values()].filter((row) => row.user_id === user.id && !known.has(row.id));
  for (const { id } of untold) user.live.add(orphan(id));
  const isSignIn = unanswered?.type === 'sign-in';
  if (untold.length > (isSignIn ? 1 : 0)) throw new Violation('broken', `Nobody made ${untold[0]?.id}.`);

  if (isSignIn && unanswered.replaces !== null) {
    const isReplaced = !sessions.has(unanswered.replaces.id);
    if (isReplaced) user.endedUnanswered([unanswered.replaces]);
    if (isReplaced !== (untold.length === 1)) throw new Violation('broken', 'Half a sign-in that replaces a session.');
  }
  if (unanswered?.type === 'end') {
    const gone = unanswered.entries.filter(({ id }) => !sessions.has(id));
    user.endedUnanswered(gone);
    if (gone.length > 0 && gone.length < unanswered.entries.length) {
      throw new Violation('broken', `${gone.length} of ${unanswered.entries.length} sessions that end together ended.`);
    }
  }
}

function checkRow(user: User, entry: Entry, { sessions }: RawRows, isChanging: boolean): void {
  const row = sessions.get(entry.id);
  if (row === undefined) throw new Violation('lost', `The row of ${entry.id} is gone.`);
  if (row.user_id !== user.id) throw new Violation('broken', `${entry.id} has another user.`);
  if (entry.credential === null || isChanging) return;
  const { delivery, credential, steppedUpAt } = entry;
  const token = delivery === 'cookie' ? credential.token : readJwt(credential.token).jti;
  if (row.token_hash !== hashToken(Buffer.from(token, 'base64url'))) {
    throw new Violation('lost', `${entry.id} has another token than acknowledged.`);
  }
  const proofs = steppedUpAt === null ? {} : { passkey: steppedUpAt };
  if (row.step_up_proofs !== JSON.stringify(proofs)) {
    throw new Violation('lost', `${entry.id} has ${row.step_up_proofs} instead of ${JSON.stringify(proofs)}.`);
  }
}

function checkNoRow({ id }: Entry, { sessions }: RawRows): void {
  if (sessions.has(id)) throw new Violation('revoked then alive', `The row of ${id} is there again.`);
}

/** A client that got no answer tries again, and has to get on. */
async function settle(user: User, unanswered: Change): Promise<void> {
  const { entry } = unanswered;
  if (unanswered.type === 'transfer') {
    await user.send(entry, unanswered.sent, [200, 401]);
    entry.spent.push(unanswered.sent);
  } else if (unanswered.type === 'refresh') {
    await user.refresh(entry);
  } else {
    entry.open = null;
    // If it was done, this comes by the token before it, and takes what was approved away.
    entry.approved = null;
    await user.stepUp(entry);
  }
}

async function checkSession(user: User, entry: Entry): Promise<void> {
  const parent = entry.exchanged.at(-1);
  if (!entry.used && parent !== undefined) {
    const { refreshToken } = await user.exchange(entry, parent);
    if (refreshToken !== entry.credential?.refreshToken) {
      throw new Violation('lost', `A refresh token of ${entry.id} has another successor than acknowledged.`);
    }
  }
  await user.use(entry);
  await user.transfer(entry);
  if (entry.open !== null) await user.stepUp(entry);
  for (const sent of entry.spent) {
    await user.send(entry, sent, [sent.path === '/transfers' ? 401 : 403], 'spent then good');
  }
  await user.use(entry);
}

/** A session that ended answers nobody, whatever of it is shown. */
export async function checkEnded(user: User, app: RunningApp, report: CheckOptions['report']): Promise<void> {
  for (const { id, credential, delivery } of user.ended) {
    if (credential === null) continue;
    const { headers, refreshToken } = credential;
    const answers = [await app.send({ method: 'GET', path: '/auth/session', headers })];
    if (refreshToken !== null) {
      const body = delivery === 'bearer' ? { body: { refresh_token: refreshToken } } : {};
      const cookie = { Cookie: `__Host-refresh=${refreshToken}` };
      const sent = { method: 'POST', path: '/auth/token/refresh', ...body };
      answers.push(await app.send(delivery === 'bearer' ? sent : { ...sent, headers: cookie }));
    }
    for (const { status } of answers) {
      if (status !== 401) report(new Violation('revoked then alive', `${id} was ended, and is answered ${status}.`));
    }
  }
}

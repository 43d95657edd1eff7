import type { Touch } from '../contract/sessions.js';
import type { Database, Statement } from './connection.js';
import { CAME_WITH_REFRESH, LIVE } from './session-row.js';

/**
 * The batch takes the rows that nobody else has: two batches can't wait for each other, nor one for a single row while it
 * has hundreds. Then come those that were left, one by one. Each goes in one round trip: to be seen is never taken back.
 */
export async function touchSessions(db: Database, touches: readonly Touch[], now: number): Promise<void> {
  for (const round of inRounds(touches)) {
    const touched = await touch(db, TOUCH_FREE, round, now);
    const rest = new Map(round.filter(({ id }) => !touched.has(id)).map((each) => [each.id, each]));
    if (rest.size === 0) continue;
    for (const { id } of (await db.read(LIVE_OF, [now, [...rest.keys()]])).rows) {
      const left = rest.get(id);
      if (left !== undefined) await touch(db, TOUCH_ONE, [left], now);
    }
  }
}

async function touch(
  db: Database,
  statement: Statement<{ readonly id: string }>,
  touches: readonly Touch[],
  now: number,
): Promise<ReadonlySet<string>> {
  const column = <K extends keyof Touch>(name: K) => touches.map((each) => each[name]);
  const values = [now, column('id'), column('seenAt'), column('idleExpiresAt'), column('confirms')];
  const { rows } = await db.transaction(({ runLast }) => runLast(statement, values));
  return new Set(rows.map(({ id }) => id));
}

// The rows are looked up one by one: the server can't know how many ids come, and would join lists by trying each pair.
function touchStatement(name: string, lock: string): Statement<{ readonly id: string }> {
  return {
    name,
    text: (p) => `WITH seen AS MATERIALIZED (
        SELECT mine.id, t.seen_at, t.idle_expires_at, t.confirms
        FROM unnest($2::text[], $3::int8[], $4::int8[], $5::text[]) AS t (id, seen_at, idle_expires_at, confirms)
        CROSS JOIN LATERAL (SELECT s.id FROM ${p}_sessions s WHERE s.id = t.id AND ${LIVE} ${lock}) AS mine
      )
      UPDATE ${p}_sessions s SET
        last_seen_at = greatest(s.last_seen_at, seen.seen_at),
        idle_expires_at = greatest(s.idle_expires_at, least(seen.idle_expires_at, s.expires_at)),
        token_confirmed_at = coalesce(s.token_confirmed_at, CASE WHEN s.token_hash = seen.confirms THEN seen.seen_at END),
        refresh_confirmed_at = coalesce(s.refresh_confirmed_at,
          CASE WHEN s.token_hash = seen.confirms AND ${CAME_WITH_REFRESH} THEN seen.seen_at END)
      FROM seen WHERE s.id = seen.id RETURNING s.id`,
  };
}

const TOUCH_FREE = touchStatement('touch_free', 'FOR UPDATE SKIP LOCKED');
const TOUCH_ONE = touchStatement('touch_one', 'FOR UPDATE');
const LIVE_OF: Statement<{ readonly id: string }> = {
  name: 'live_of',
  text: (p) => `SELECT s.id FROM ${p}_sessions s WHERE s.id = ANY ($2::text[]) AND ${LIVE}`,
};

/** An UPDATE takes only one of several touches of a row: further ones have to come after it. */
function inRounds(touches: readonly Touch[]): readonly (readonly Touch[])[] {
  const rounds: Touch[][] = [];
  const seen = new Map<string, number>();
  for (const each of touches) {
    const round = seen.get(each.id) ?? 0;
    seen.set(each.id, round + 1);
    const others = rounds[round];
    if (others === undefined) rounds.push([{ ...each }]);
    else others.push({ ...each });
  }
  return rounds;
}

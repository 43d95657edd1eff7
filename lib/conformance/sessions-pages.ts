import type { SessionCursor, SessionRow, SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, idsOf, insert, listOf, sessionRow } from './session-rows.js';
import { HOUR, MINUTE, NOW } from './setting.js';

/** Reads the user's sessions page after page, from where the last row of each was, until one is empty. */
async function allPages(sessions: SessionStore, limit: number): Promise<readonly (readonly SessionRow[])[]> {
  const pages: (readonly SessionRow[])[] = [];
  for (let after: SessionCursor | null = null; pages.at(-1)?.length !== 0; after = cursorOf(pages.at(-1)?.at(-1))) {
    assert.ok(pages.length < 1000, 'the pages come to an end');
    pages.push(await listOf(sessions, 'user', { limit, after }));
  }
  return pages;
}

function cursorOf(row: SessionRow | undefined): SessionCursor | null {
  return row === undefined ? null : { lastSeenAt: row.lastSeenAt, createdAt: row.createdAt, id: row.id };
}

/** In the order of the list. Many were seen at once, and some of those made at once. */
function manyRows(count: number): readonly SessionRow[] {
  return Array.from({ length: count }, (_, n) =>
    sessionRow({
      id: `row-${String(n).padStart(4, '0')}`,
      lastSeenAt: NOW - Math.floor(n / 7),
      createdAt: NOW - HOUR - Math.floor(n / 2),
    }),
  );
}

/** The rows of a list mixed up, always in the same way. */
function mixed<T>(rows: readonly T[]): readonly T[] {
  return rows.map((_, n) => rows[(n * 7_919) % rows.length]).filter((row) => row !== undefined);
}

export const sessionsPages: CaseGroup = {
  group: 'sessions.listForUser: pages',
  part: 'sessions',
  cases: {
    'give no more than the limit, from the last seen on': async ({ sessions }) => {
      const rows = manyRows(9);
      await given(sessions, ...mixed(rows));
      for (const limit of [1, 2, 8, 9, 10]) {
        assert.deepEqual(await listOf(sessions, 'user', { limit }), rows.slice(0, limit));
      }
    },

    'go on after a row, by each of the three columns that order them': async ({ sessions }) => {
      const at = (id: string, lastSeenAt: number, createdAt: number) =>
        sessionRow({ id, lastSeenAt: NOW - lastSeenAt, createdAt: NOW - HOUR - createdAt });
      const rows = [
        at('z', 1, 9),
        at('y', 2, 1),
        at('B', 2, 2),
        at('_', 2, 2),
        at('a', 2, 2),
        at('-', 2, 3),
        at('0', 3, 0),
      ];
      await given(sessions, ...mixed(rows));
      for (const [n, row] of rows.entries()) {
        const after = cursorOf(row);
        assert.deepEqual(idsOf(await listOf(sessions, 'user', { after })), idsOf(rows.slice(n + 1)));
        assert.deepEqual(idsOf(await listOf(sessions, 'user', { after, limit: 2 })), idsOf(rows.slice(n + 1, n + 3)));
      }
    },

    'go on after a place where no row is': async ({ sessions }) => {
      const rows = ['b', 'd', 'f'].map((id) => sessionRow({ id, lastSeenAt: NOW - 5, createdAt: NOW - HOUR }));
      await given(sessions, ...rows);
      const place = { lastSeenAt: NOW - 5, createdAt: NOW - HOUR, id: 'c' };
      const after = async (cursor: Partial<SessionCursor>): Promise<readonly string[]> =>
        idsOf(await listOf(sessions, 'user', { after: { ...place, ...cursor } }));
      assert.deepEqual(await after({}), ['d', 'f']);
      assert.deepEqual(await after({ id: 'B' }), ['b', 'd', 'f']);
      assert.deepEqual(await after({ id: 'é' }), []);
      assert.deepEqual(await after({ createdAt: NOW - HOUR + 1, id: 'z' }), ['b', 'd', 'f']);
      assert.deepEqual(await after({ createdAt: NOW - HOUR - 1, id: '' }), []);
      assert.deepEqual(await after({ lastSeenAt: NOW - 4, createdAt: 0, id: 'z' }), ['b', 'd', 'f']);
      assert.deepEqual(await after({ lastSeenAt: NOW - 6, createdAt: NOW, id: '' }), []);
    },

    'give each session once over many pages, and full pages but the last': async ({ sessions }) => {
      const rows = manyRows(45);
      await given(sessions, ...mixed(rows));
      for (const limit of [1, 4, 9, 44, 45, 46]) {
        const pages = await allPages(sessions, limit);
        assert.deepEqual(pages.flat(), rows);
        assert.deepEqual(new Set(pages.slice(0, -2).map((page) => page.length)), new Set(limit < 45 ? [limit] : []));
      }
    },

    'are full though sessions that have expired and of others lie between': async ({ sessions }) => {
      const rows = manyRows(12);
      await given(
        sessions,
        ...rows.map((row, n) => ({
          ...row,
          ...(n % 3 === 0 ? { idleExpiresAt: NOW } : {}),
          ...(n % 3 === 1 ? { userId: 'user2' } : {}),
        })),
      );
      const ids = (await allPages(sessions, 3)).map(idsOf);
      assert.deepEqual(ids, [['row-0002', 'row-0005', 'row-0008'], ['row-0011'], []]);
    },

    'skip and repeat none of the others when sessions come, go and are seen between them': async ({ sessions }) => {
      const rows = manyRows(40);
      await given(sessions, ...mixed(rows));
      const first = await listOf(sessions, 'user', { limit: 10 });
      const [gone, moved] = [rows[9], rows[20]];
      assert.ok(gone && moved);
      await sessions.revoke(gone.id, null);
      await sessions.touch([{ id: moved.id, seenAt: NOW + 5, idleExpiresAt: NOW + HOUR, confirms: null }], NOW);
      await given(sessions, sessionRow({ id: 'new', lastSeenAt: NOW + 1 }));
      const rest = await listOf(sessions, 'user', { after: cursorOf(first.at(-1)) });
      const stayed = rows.filter((row) => row !== moved);
      assert.deepEqual([...first, ...rest], stayed);
      assert.deepEqual(idsOf(await listOf(sessions, 'user', { limit: 2 })), [moved.id, 'new']);
    },

    'give 3,000 sessions of one user in order, and each once': async ({ sessions }) => {
      const rows = manyRows(3_000);
      for (let n = 0; n < rows.length; n += 100) {
        const outcomes = await Promise.all(
          mixed(rows)
            .slice(n, n + 100)
            .map((row) => insert(sessions, row)),
        );
        assert.ok(outcomes.every(({ outcome }) => outcome === 'inserted'));
      }
      await given(sessions, sessionRow({ id: 'theirs', userId: 'user2', lastSeenAt: NOW - MINUTE }));
      const pages = await allPages(sessions, 250);
      assert.equal(pages.length, 13);
      assert.deepEqual(idsOf(pages.flat()), idsOf(rows));
      for (const n of [0, 249, 250, 1_777, 2_999]) assert.deepEqual(pages.flat()[n], rows[n]);
    },
  },
};

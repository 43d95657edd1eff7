import type { SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, idsOf, rotatedRow, sessionRow, sortedIds } from './session-rows.js';
import { NOW } from './setting.js';

/** Reads page after page, the last id of each being the `after` of the next, until one is empty. */
async function allPages(sessions: SessionStore, limit: number): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  for (let after: string | null = null; pages.at(-1)?.length !== 0; after = pages.at(-1)?.at(-1) ?? null) {
    assert.ok(pages.length < 100, 'the pages come to an end');
    pages.push(idsOf(await sessions.list({ limit, after, now: NOW })));
  }
  return pages;
}

export const sessionsList: CaseGroup = {
  group: 'sessions.list',
  part: 'sessions',
  cases: {
    'gives whole rows of all users, by id in byte order': async ({ sessions }) => {
      const rows = ['b', 'B', 'a', '_', '-', '0', 'aa', 'Z'].map((id) => rotatedRow({ id, userId: `user of ${id}` }));
      await given(sessions, ...rows);
      const listed = await sessions.list({ limit: 100, after: null, now: NOW });
      assert.deepEqual(idsOf(listed), ['-', '0', 'B', 'Z', '_', 'a', 'aa', 'b']);
      for (const row of listed) assert.deepEqual(row, await sessions.get(row.id));
    },

    'gives no more than the limit': async ({ sessions }) => {
      await given(sessions, ...['c', 'a', 'b'].map((id) => sessionRow({ id })));
      assert.deepEqual(idsOf(await sessions.list({ limit: 1, after: null, now: NOW })), ['a']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 2, after: null, now: NOW })), ['a', 'b']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 3, after: null, now: NOW })), ['a', 'b', 'c']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 4, after: null, now: NOW })), ['a', 'b', 'c']);
    },

    'goes on after an id, whether there is such a session or not': async ({ sessions }) => {
      await given(sessions, ...['a', 'c', 'e'].map((id) => sessionRow({ id })));
      assert.deepEqual(idsOf(await sessions.list({ limit: 2, after: 'a', now: NOW })), ['c', 'e']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 1, after: 'b', now: NOW })), ['c']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 9, after: 'Z', now: NOW })), ['a', 'c', 'e']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 9, after: '', now: NOW })), ['a', 'c', 'e']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 9, after: 'e', now: NOW })), []);
    },

    'gives each session once over many pages, and full pages but the last': async ({ sessions }) => {
      const rows = Array.from({ length: 45 }, (_, index) =>
        sessionRow({ id: `row-${(index * 7) % 45}`, userId: `user${index % 4}` }),
      );
      await given(sessions, ...rows);
      for (const limit of [1, 4, 9, 44, 45, 46]) {
        const pages = await allPages(sessions, limit);
        assert.deepEqual(pages.flat(), sortedIds(rows));
        assert.deepEqual(new Set(pages.slice(0, -2).map((page) => page.length)), new Set(limit < 45 ? [limit] : []));
      }
    },

    'fills a page though sessions that have expired lie between': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'a', idleExpiresAt: NOW }),
        sessionRow({ id: 'b' }),
        sessionRow({ id: 'c', expiresAt: NOW }),
        sessionRow({ id: 'd', idleExpiresAt: NOW - 1 }),
        sessionRow({ id: 'e', idleExpiresAt: NOW + 1 }),
        sessionRow({ id: 'f', expiresAt: NOW + 1 }),
        sessionRow({ id: 'g', expiresAt: NOW - 1 }),
      );
      assert.deepEqual(await allPages(sessions, 2), [['b', 'e'], ['f'], []]);
    },

    'skips and repeats none of the others when sessions come and go between pages': async ({ sessions }) => {
      await given(sessions, ...['b', 'd', 'f', 'h'].map((id) => sessionRow({ id })));
      assert.deepEqual(idsOf(await sessions.list({ limit: 2, after: null, now: NOW })), ['b', 'd']);
      await given(sessions, sessionRow({ id: 'a' }), sessionRow({ id: 'e' }));
      await sessions.revoke('d', null);
      assert.deepEqual(idsOf(await sessions.list({ limit: 2, after: 'd', now: NOW })), ['e', 'f']);
      assert.deepEqual(idsOf(await sessions.list({ limit: 2, after: 'f', now: NOW })), ['h']);
    },

    'gives nothing where there is nothing': async ({ sessions }) => {
      assert.deepEqual(await sessions.list({ limit: 10, after: null, now: NOW }), []);
      assert.deepEqual(await sessions.list({ limit: 10, after: 'a', now: NOW }), []);
    },
  },
};

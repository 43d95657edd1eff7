import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { storeConformance } from '../../lib/conformance/index.js';
import { changed, type SessionChange } from '../../lib/stores/contract/session-state.js';
import type { SessionRow, SessionStore } from '../../lib/stores/contract/sessions.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';

type Transition = (row: SessionRow, change: SessionChange, now: number) => SessionRow | null;

/** A store that makes of a session's tokens what `transition` makes of them. */
function storeOf(transition: Transition): Store {
  const { sessions } = memoryStore();

  async function change(id: string, asked: SessionChange, now: number): Promise<SessionRow | null> {
    const copy = { ...asked };
    const row = await sessions.get(id);
    const next = row && transition(row, copy, now);
    if (next === null) return null;
    await sessions.revoke(id, null);
    await sessions.copy?.put([next], now);
    return next;
  }

  return { sessions: { ...sessions, change } };
}

/** Whether this store doesn't pass a case of the group. */
async function isFound(makeStore: () => Store, groupName: string): Promise<boolean> {
  const cases = storeConformance(makeStore).filter(({ group }) => group === groupName);
  assert.ok(cases.length > 0);
  for (const { run } of cases) {
    try {
      await run();
    } catch (error) {
      if (error instanceof assert.AssertionError) return true;
      throw error;
    }
  }
  return false;
}

/** What each change alters. */
const ALTERED: Readonly<Record<SessionChange['type'], readonly (keyof SessionRow)[]>> = {
  rotate: [
    'tokenHash',
    'previousTokenHash',
    'tokenNonce',
    'tokenMethod',
    'tokenIssuedAt',
    'tokenConfirmedAt',
    'refreshHash',
    'parentRefreshHash',
    'refreshNonce',
    'refreshedAt',
    'refreshConfirmedAt',
    'generation',
    'stepUpProofs',
  ],
  renew: [
    'tokenHash',
    'previousTokenHash',
    'tokenNonce',
    'tokenMethod',
    'tokenIssuedAt',
    'tokenConfirmedAt',
    'generation',
    'stepUpProofs',
  ],
  'step-up': [
    'tokenHash',
    'previousTokenHash',
    'tokenNonce',
    'tokenMethod',
    'tokenIssuedAt',
    'tokenConfirmedAt',
    'refreshConfirmedAt',
    'generation',
    'passedMethods',
    'stepUpProofs',
  ],
  'replace-credentials': [
    'tokenHash',
    'previousTokenHash',
    'tokenNonce',
    'tokenMethod',
    'tokenIssuedAt',
    'tokenConfirmedAt',
    'refreshHash',
    'parentRefreshHash',
    'refreshNonce',
    'refreshedAt',
    'refreshConfirmedAt',
    'generation',
    'passedMethods',
    'signInProofs',
    'stepUpProofs',
  ],
  'drop-proofs': ['generation', 'signInProofs', 'stepUpProofs'],
  'drop-method': ['passedMethods', 'signInProofs', 'stepUpProofs'],
  'correct-times': [
    'createdAt',
    'authenticatedAt',
    'lastSeenAt',
    'idleExpiresAt',
    'expiresAt',
    'tokenIssuedAt',
    'tokenConfirmedAt',
    'refreshedAt',
    'refreshConfirmedAt',
    'signInProofs',
    'stepUpProofs',
  ],
};

const SIDES: readonly (keyof SessionRow)[] = ['lastSeenAt', 'idleExpiresAt', 'data', 'label', 'acr'];

describe('storeConformance finds a store', () => {
  it('that makes no mistake faultless', async () => {
    assert.equal(await isFound(() => storeOf(changed), 'sessions.change'), false);
  });

  for (const [type, columns] of Object.entries(ALTERED)) {
    for (const column of columns) {
      it(`that leaves ${column} as it was in a change of type ${type}`, async () => {
        const transition: Transition = (row, asked, now) => {
          const next = changed(row, asked, now);
          return next && asked.type === type ? { ...next, [column]: row[column] } : next;
        };
        assert.ok(await isFound(() => storeOf(transition), 'sessions.change'));
      });
    }

    it(`that makes a change of type ${type} of a session that has expired`, async () => {
      const transition: Transition = (row, asked, now) =>
        changed(row, asked, asked.type === type ? Math.min(now, row.idleExpiresAt - 1, row.expiresAt - 1) : now);
      assert.ok(await isFound(() => storeOf(transition), 'sessions.change'));
    });

    it(`that takes the times of a clock that was ahead as they are in a change of type ${type}`, async () => {
      const transition: Transition = (row, asked, now) => {
        const next = changed(row, asked, now);
        return next && asked.type === type ? { ...next, createdAt: row.createdAt } : next;
      };
      assert.ok(await isFound(() => storeOf(transition), 'sessions.change'));
    });

    it(`that clears another column in a change of type ${type}`, async () => {
      for (const column of SIDES) {
        const cleared = column === 'lastSeenAt' || column === 'idleExpiresAt' ? 1 : null;
        const transition: Transition = (row, asked, now) => {
          const next = changed(row, asked, now);
          return next && asked.type === type ? { ...next, [column]: cleared } : next;
        };
        assert.ok(await isFound(() => storeOf(transition), 'sessions.change'), column);
      }
    });
  }

  it('that decides on a row which another change has altered by then', async () => {
    function makeStore(): Store {
      const { sessions } = memoryStore();
      return {
        sessions: {
          ...sessions,
          async change(id, asked, now) {
            const row = await sessions.get(id);
            const next = row && changed(row, asked, now);
            await Promise.resolve();
            if (next) {
              await sessions.revoke(id, null);
              await sessions.copy?.put([next], now);
            }
            return next;
          },
        },
      };
    }
    assert.ok(await isFound(makeStore, 'sessions: races for the tokens'));
  });

  it('whose one operation does nothing', async () => {
    const idle: readonly (readonly [Partial<SessionStore>, string])[] = [
      [{ touch: async () => {} }, 'sessions.touch: first uses of tokens'],
      [{ changeAllOfUser: async () => {} }, 'sessions.changeAllOfUser'],
      [{ listForUser: () => [] }, 'sessions.listForUser: pages'],
      [{ claim: async (realm) => realm }, 'sessions.claim'],
    ];
    for (const [operation, group] of idle) {
      const makeStore = (): Store => ({ sessions: { ...memoryStore().sessions, ...operation } });
      assert.ok(await isFound(makeStore, group), group);
    }
  });

  it('that gives a page from the place on where the last one ended', async () => {
    const makeStore = (): Store => {
      const { sessions } = memoryStore();
      const listForUser: SessionStore['listForUser'] = async ({ after, ...list }) => {
        const rows = await sessions.listForUser({ ...list, after: null, limit: 10_000 });
        return rows.filter((row) => after === null || row.lastSeenAt <= after.lastSeenAt).slice(0, list.limit);
      };
      return { sessions: { ...sessions, listForUser } };
    };
    assert.ok(await isFound(makeStore, 'sessions.listForUser: pages'));
  });
});

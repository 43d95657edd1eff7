import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';
import { grantRow, takeOf } from './step-up-rows.js';
import { STRANGE } from './strange.js';

export const grantsInsert: CaseGroup = {
  group: 'grants.insert',
  part: 'grants',
  cases: {
    'keeps what it was given': async ({ grants }) => {
      for (const row of [
        ...STRANGE.map((text, n) => grantRow({ actionDigest: `action ${n}`, userId: text, method: text })),
        grantRow({ createdAt: 0, expiresAt: 8.64e15 }),
      ]) {
        await grants.insert(row);
        assert.deepEqual(await grants.take(takeOf({ actionDigest: row.actionDigest })), { outcome: 'taken', row });
      }
    },

    'keeps what it was given though the caller changes it afterwards': async ({ grants }) => {
      const row = { ...grantRow() };
      const inserted = grants.insert(row);
      row.method = 'pin';
      row.sessionId = 'session2';
      await inserted;
      assert.deepEqual(await grants.take(takeOf()), { outcome: 'taken', row: grantRow() });
    },

    'puts a grant in place of one for the same session and action, though that lasts longer': async ({ grants }) => {
      await grants.insert(grantRow({ expiresAt: NOW + 9 * MINUTE }));
      const row = grantRow({ method: 'pin', createdAt: NOW, expiresAt: NOW + 1 });
      await grants.insert(row);
      assert.deepEqual(await grants.take(takeOf({ now: NOW + 1 })), { outcome: 'none' });
      assert.deepEqual(await grants.take(takeOf()), { outcome: 'taken', row });
      assert.deepEqual(await grants.take(takeOf()), { outcome: 'spent', spentAt: NOW });
    },

    'puts a grant in place of one that is spent, or expired': async ({ grants }) => {
      await grants.insert(grantRow());
      await grants.take(takeOf());
      const again = grantRow({ createdAt: NOW, expiresAt: NOW + 2 });
      await grants.insert(again);
      assert.deepEqual(await grants.take(takeOf()), { outcome: 'taken', row: again });
      const last = grantRow({ createdAt: NOW + 2 });
      await grants.insert(last);
      assert.deepEqual(await grants.take(takeOf({ now: NOW + 2 })), { outcome: 'taken', row: last });
    },

    'leaves one grant of 50 parallel inserts': async ({ grants }) => {
      await parallel(50, (n) => grants.insert(grantRow({ method: `method ${n}` })));
      const takes = await parallel(50, () => grants.take(takeOf()));
      assert.equal(takes.filter(({ outcome }) => outcome === 'taken').length, 1);
    },

    'gives no grant twice that is put in place of another amid takes': async ({ grants }) => {
      await grants.insert(grantRow({ method: 'first' }));
      const early = parallel(20, () => grants.take(takeOf()));
      const inserted = grants.insert(grantRow({ method: 'second' }));
      const late = parallel(20, () => grants.take(takeOf()));
      await inserted;
      const takes = [...(await early), ...(await late), await grants.take(takeOf())];
      const methods = takes.flatMap((take) => (take.outcome === 'taken' ? [take.row.method] : []));
      assert.equal(new Set(methods).size, methods.length);
      assert.ok(methods.includes('second'));
    },
  },
};

import { changed } from '../stores/contract/session-state.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, changesOf, pick, rotate, stepUp } from './session-changes.js';
import { given, rotatedRow } from './session-rows.js';
import { HOUR, NOW, parallel } from './setting.js';

const CHANGES = Object.keys(changesOf(rotatedRow({ id: 'any' })));

const FIRST = ['a rotation by the refresh token', 'a step-up by the session token', 'dropped proofs'];
const SECOND = [...FIRST, 'a step-up by the previous token', 'a renewal', 'replaced credentials'];

/** Of the second change whether it is one that the known row allows, or one that the row allows which the first made. */
const AFTER = FIRST.flatMap((first) =>
  SECOND.flatMap((second) => [true, false].map((isAskedOfKnown) => [first, second, isAskedOfKnown] as const)),
);

export const sessionsChangeKnown: CaseGroup = {
  group: 'sessions.change with the row that its caller knows, and its races',
  part: 'sessions',
  cases: {
    'does what it does without': async ({ sessions }) => {
      const rows = CHANGES.map((name) => [name, rotatedRow({ id: name.replaceAll(/\W/g, '-') })] as const);
      await given(sessions, ...rows.map(([, row]) => row));
      for (const [name, row] of rows) {
        const asked = pick(changesOf(row), name);
        const expected = changed(row, asked, NOW);
        assert.deepEqual({ name, row: await sessions.change(row.id, asked, NOW, row) }, { name, row: expected });
        assert.deepEqual(await sessions.get(row.id), expected ?? row);
      }
    },

    'decides by the row that is there, where another step came first': async ({ sessions }) => {
      for (const [n, [first, second, isAskedOfKnown]] of AFTER.entries()) {
        const known = rotatedRow({ id: `row-${n}` });
        await given(sessions, known);
        const there = await change(sessions, known.id, pick(changesOf(known), first));
        assert.ok(there);
        const asked = pick(changesOf(isAskedOfKnown ? known : there, 'newer'), second);
        const expected = changed(there, asked, NOW + 1);
        const answer = await sessions.change(known.id, asked, NOW + 1, known);
        assert.deepEqual({ first, second, row: answer }, { first, second, row: expected });
        assert.deepEqual(await sessions.get(known.id), expected ?? there);
      }
    },

    'keeps what a touch has moved since it was read': async ({ sessions }) => {
      const known = rotatedRow({ id: 'a' });
      await given(sessions, known);
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: known.tokenHash };
      await sessions.touch([touch], NOW);
      const there = await sessions.get('a');
      assert.ok(there);
      const expected = changed(there, stepUp('a'), NOW);
      assert.deepEqual(await sessions.change('a', stepUp('a'), NOW, known), expected);
      assert.deepEqual(await sessions.get('a'), expected);
    },

    'gives null for a session that has ended since, and creates none': async ({ sessions }) => {
      const known = rotatedRow({ id: 'a' });
      await given(sessions, known);
      await sessions.revoke('a', null);
      for (const asked of Object.values(changesOf(known))) {
        assert.equal(await sessions.change('a', asked, NOW, known), null);
      }
      assert.equal(await sessions.get('a'), null);
    },

    'lets exactly one of 100 parallel rotations win': async ({ sessions }) => {
      const known = rotatedRow({ id: 'a' });
      await given(sessions, known);
      const rows = await parallel(100, async (n) => sessions.change('a', rotate('a', `${n}`), NOW, known));
      const [winner, ...others] = rows.filter((row) => row !== null);
      assert.deepEqual(others, []);
      assert.deepEqual(await sessions.get('a'), winner);
    },
  },
};

import type { AttemptRow } from '../stores/contract/attempts.js';
import type { RowCopy } from '../stores/contract/copy.js';
import type { PasskeyRow } from '../stores/contract/passkeys.js';
import type { RecoveryCodeSet } from '../stores/contract/recovery-codes.js';
import type { NotBeforeRow, SessionRow } from '../stores/contract/sessions.js';
import type { TotpRow } from '../stores/contract/totp.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup, StorePart } from './case.js';
import { rotatedRow, sessionRow } from './session-rows.js';
import { hashOf, MINUTE, NOW } from './setting.js';
import { confirmedTotp, passkeyRow, usedPasskeyRow, waitingTotp } from './step-up-rows.js';
import { STRANGE } from './strange.js';

/** More than a store is likely to give at once. */
const MANY = 1_234;

interface Kind<Row> {
  readonly name: string;
  readonly part: StorePart;
  readonly copyOf: (bench: Bench) => RowCopy<Row> | undefined;
  /** Rows with keys of their own. */
  readonly rows: readonly Row[];
  /** The nth of many. */
  readonly nth: (n: number) => Row;
  /** Another row with the same key. */
  readonly other: (row: Row) => Row;
}

function groupOf<Row>({ name, part, copyOf, rows, nth, other }: Kind<Row>): CaseGroup {
  function copy(bench: Bench): RowCopy<Row> {
    const found = copyOf(bench);
    assert.ok(found, `The store's ${part} have no copy, and \`without\` doesn't name it.`);
    return found;
  }

  return {
    group: `${name}.copy`,
    part,
    copies: true,
    cases: {
      'gives rows as they were put': async (bench) => {
        const { put, rows: all } = copy(bench);
        assert.equal(await put(rows, NOW), rows.length);
        assert.deepEqual(await given(all(NOW)), textsOf(rows));
      },
      'gives each of many rows, and none of an empty store': async (bench) => {
        const { put, rows: all } = copy(bench);
        assert.deepEqual(await given(all(NOW)), []);
        assert.equal(await put([], NOW), 0);
        const many = Array.from({ length: MANY }, (_, n) => nth(n));
        assert.equal(await put(many, NOW), MANY);
        assert.deepEqual(await given(all(NOW)), textsOf(many));
      },
      'leaves a row that is there as it is': async (bench) => {
        const { put, rows: all } = copy(bench);
        await put(rows.slice(1), NOW);
        assert.equal(await put(rows, NOW), 1);
        assert.equal(await put(rows.map(other), NOW), 0);
        assert.deepEqual(await given(all(NOW)), textsOf(rows));
      },
    },
  };
}

/** In an order that tells nothing, each once: a store may give one twice. */
async function given(batches: AsyncIterable<readonly unknown[]>): Promise<readonly string[]> {
  const texts = new Set<string>();
  for await (const rows of batches) for (const text of textsOf(rows)) texts.add(text);
  return [...texts].sort();
}

function textsOf(rows: readonly unknown[]): readonly string[] {
  return rows.map(textOf).sort();
}

/** With members in the order of their names, and the members of a list in none, since the codes of a set have none. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).sort().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${name}: ${textOf(member)}`);
  return `{${members.sort().join()}}`;
}

const sessions: Kind<SessionRow> = {
  name: 'sessions',
  part: 'sessions',
  copyOf: (bench) => bench.sessions.copy,
  rows: [sessionRow({ id: 'a' }), ...STRANGE.map((userId, n) => rotatedRow({ id: `b${n}`, userId, label: userId }))],
  nth: (n) => sessionRow({ id: `s${n}`, userId: `user ${n % 100}` }),
  other: (row) => ({ ...row, label: 'other', expiresAt: row.expiresAt }),
};

const notBefore: Kind<NotBeforeRow> = {
  name: 'sessions: notBefore',
  part: 'sessions',
  copyOf: (bench) => bench.sessions.copy?.notBefore,
  rows: STRANGE.map((userId, n) => ({ userId, notBefore: NOW - n })),
  nth: (n) => ({ userId: `user ${n}`, notBefore: NOW - n }),
  other: (row) => ({ ...row, notBefore: row.notBefore - 1 }),
};

const attempts: Kind<AttemptRow> = {
  name: 'attempts',
  part: 'attempts',
  copyOf: (bench) => bench.attempts.copy,
  rows: STRANGE.flatMap((text, n) => [
    { userId: text, key: text, count: 100 + n, endsAt: null },
    { userId: text, key: 'user totp', count: 0, endsAt: NOW + MINUTE + n },
  ]),
  nth: (n) => ({ userId: `user ${n % 100}`, key: `key ${n}`, count: n, endsAt: n % 2 === 0 ? null : NOW + n }),
  other: (row) => ({ ...row, count: row.count + 1 }),
};

const passkeys: Kind<PasskeyRow> = {
  name: 'passkeys',
  part: 'passkeys',
  copyOf: (bench) => bench.passkeys.copy,
  rows: [
    passkeyRow({ id: 'a' }),
    ...STRANGE.map((userId, n) => usedPasskeyRow({ id: `b${n}`, userId, label: userId })),
  ],
  nth: (n) => passkeyRow({ id: `key ${n}`, userId: `user ${n % 100}` }),
  other: (row) => ({ ...row, userId: 'somebody else', counter: 8 }),
};

const totp: Kind<TotpRow> = {
  name: 'totp',
  part: 'totp',
  copyOf: (bench) => bench.totp.copy,
  rows: [waitingTotp(), ...STRANGE.flatMap((userId) => [confirmedTotp({ userId }), waitingTotp({ userId })])],
  // Two of a user, and an odd number before them: a page may end between the two.
  nth: (n) => (n % 2 === 0 ? waitingTotp : confirmedTotp)({ userId: `user ${Math.ceil(n / 2)}` }),
  other: (row) => ({ ...row, encryptedSecret: 'other', lastStep: 1 }),
};

const recoveryCodes: Kind<RecoveryCodeSet> = {
  name: 'recoveryCodes',
  part: 'recoveryCodes',
  copyOf: (bench) => bench.recoveryCodes.copy,
  rows: STRANGE.map((userId, n) => ({ userId, hashes: [hashOf(`1 ${n}`), hashOf(`2 ${n}`)], createdAt: NOW - n })),
  nth: (n) => ({ userId: `user ${n}`, hashes: [hashOf(`code ${n}`)], createdAt: NOW }),
  other: (row) => ({ ...row, hashes: [hashOf('other')] }),
};

export const copies: readonly CaseGroup[] = [
  groupOf(sessions),
  groupOf(notBefore),
  groupOf(attempts),
  groupOf(passkeys),
  groupOf(totp),
  groupOf(recoveryCodes),
];

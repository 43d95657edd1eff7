import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Pool } from 'pg';
import { type PostgresPool, type PostgresQuery, postgresStore } from '../../../lib/stores/postgres/index.js';
import { everyOperation } from './every-operation.js';
import { fill } from './fill.js';
import { describeOnPostgres } from './support.js';

/** With `PLANS_ROWS=1000000` it takes minutes. */
const ROWS = Number(process.env['PLANS_ROWS'] ?? 100_000);
/** What one user, session or batch may have. */
const FEW = 1_000;
/** A table that has no more. */
const ONE_ROW = 'stepgate_schema';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly Plan[];
}

describeOnPostgres(`the statements of a PostgreSQL store with ${ROWS} sessions`, (database) => {
  it('read no table as a whole and sort none, planned for their values or for any', async () => {
    const pool = await database.pool();
    await postgresStore(pool).migrate();
    await fill(pool, ROWS);
    const statements = await statementsOf(pool);
    assert.ok(statements.length > 40, `${statements.length} statements`);
    const problems: string[] = [];
    for (const { name = '', text, values = [] } of statements) {
      const explained = await explain(pool, `EXPLAIN (FORMAT JSON) ${text}`, values);
      problems.push(...problemsOf(explained).map((problem) => `${name}: ${problem}`));
      const generic = await explainGeneric(pool, text);
      problems.push(...problemsOf(generic).map((problem) => `${name}, for any values: ${problem}`));
    }
    assert.deepEqual(problems, []);
  });
});

async function explain(pool: Pool, text: string, values: readonly unknown[] = []): Promise<Plan> {
  const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(text, [...values]);
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  assert.ok(plan);
  return plan;
}

/** As it is planned when the server has seen it with several values. */
async function explainGeneric(pool: Pool, text: string): Promise<Plan> {
  const count = Math.max(0, ...Array.from(text.matchAll(/\$(\d+)/g), ([, number]) => Number(number)));
  const values = count === 0 ? '' : `(${Array.from({ length: count }, () => 'NULL').join(', ')})`;
  await pool.query(`SET plan_cache_mode = force_generic_plan; PREPARE explained AS ${text}`);
  const plan = await explain(pool, `EXPLAIN (FORMAT JSON) EXECUTE explained${values}`);
  await pool.query('DEALLOCATE explained; RESET plan_cache_mode');
  return plan;
}

function problemsOf(plan: Plan): readonly string[] {
  const { 'Node Type': type, 'Relation Name': table = '' } = plan;
  const below = plan.Plans ?? [];
  const isScan = type.startsWith('Index') && plan['Index Cond'] === undefined;
  const sorted = type.endsWith('Sort') ? Math.max(...below.map((child) => child['Plan Rows'])) : 0;
  return [
    ...((type === 'Seq Scan' && table !== ONE_ROW) || isScan ? [`${type} on ${table}`] : []),
    ...(sorted > FEW ? [`${type} of ${sorted} rows`] : []),
    ...below.flatMap(problemsOf),
  ];
}

/** Every statement of every operation, with values. */
async function statementsOf(pool: Pool): Promise<readonly PostgresQuery[]> {
  const seen = new Map<string, PostgresQuery>();
  const isPlanned = ({ text }: PostgresQuery): boolean => !/^(BEGIN|COMMIT)/.test(text);
  const record = (query: PostgresQuery) => query.name !== undefined && isPlanned(query) && seen.set(query.name, query);
  const store = postgresStore(recording(pool, record));
  await everyOperation(store, async (touch) => {
    const blocker = await pool.connect();
    await blocker.query("BEGIN; SELECT 1 FROM stepgate_sessions WHERE id = 'a' FOR UPDATE");
    const touched = touch();
    while (!seen.has('stepgate:touch_one')) await new Promise(setImmediate);
    await blocker.query('COMMIT');
    blocker.release();
    await touched;
  });
  return [...seen.values()];
}

function recording(pool: Pool, record: (query: PostgresQuery) => void): PostgresPool {
  return {
    totalCount: 0,
    on: (event, listener) => pool.on(event, listener),
    listenerCount: (event) => pool.listenerCount(event),
    async connect() {
      const client = await pool.connect();
      return {
        query(query) {
          record(query);
          return client.query(query);
        },
        release: (destroy) => client.release(destroy),
        on: (event, listener) => client.on(event, listener),
        off: (event, listener) => client.off(event, listener),
      };
    },
  };
}

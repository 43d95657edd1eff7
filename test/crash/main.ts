// npm run crash -- --kills 200 --seed 1
import { parseArgs } from 'node:util';
import { campaign } from './campaign.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
console.log(`seed ${seed}`);
for (const victim of ['process', 'writer thread'] as const) {
  const startedAt = performance.now();
  const { acknowledged, unanswered, violations } = await campaign({ victim, kills, seed });
  const of = (kind: string): number => violations.filter((violation) => violation.kind === kind).length;
  console.log(`\n${victim}: ${kills} kills in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  console.log(`  writes acknowledged  ${[...acknowledged.values()].reduce((sum, count) => sum + count, 0)}`);
  for (const [what, count] of acknowledged) console.log(`    ${what.padEnd(20)} ${count}`);
  console.log(`  unanswered at a kill ${unanswered}`);
  for (const kind of ['lost', 'revoked then alive', 'spent then good', 'broken']) {
    console.log(`  ${kind.padEnd(20)} ${of(kind)}`);
  }
  for (const { kind, message } of violations.slice(0, 20)) console.error(`${kind}: ${message}`);
  if (violations.length > 0) process.exitCode = 1;
}

// npm run fuzz -- --requests 1000000 --seed 1
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.js';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const requests = Number(values.requests);
const seed = Number(values.seed);
console.log(`seed ${seed}`);
const startedAt = performance.now();
const elapsed = (): number => Math.round((performance.now() - startedAt) / 1_000);
const progress = (sent: number): void => {
  if (sent % Math.ceil(requests / 20) === 0) console.log(`${sent} requests after ${elapsed()} s`);
};
const { statuses, failures, heap, unauthenticated } = await fuzz({ requests, seed, progress });

const sent = [...statuses.values()].reduce((sum, count) => sum + count, 0);
console.log(`\nrequests ${sent} in ${elapsed()} s`);
console.log(`  without a credential ${unauthenticated.requests}`);
console.log(`  rows that those have written ${unauthenticated.challengesSpent}, all for challenges that were answered`);
for (const [status, count] of [...statuses].sort(([a], [b]) => a - b)) {
  console.log(`  ${status === 0 ? 'connection closed' : status} ${count}`);
}
const failed = [...statuses].filter(([status]) => status >= 500).reduce((sum, [, count]) => sum + count, 0);
console.log(`500s ${failed}`);
const [early, late] = [heap.early, heap.late].map((bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`);
console.log(`heap in use after a tenth of the run ${early}, at its end ${late}`);
console.log(`failures ${failures.length}`);
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;

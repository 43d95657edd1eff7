// npm run histories -- --runs 5000 --seed 1
import { parseArgs } from 'node:util';
import { campaign } from './campaign.js';
import type { Kind } from './holder.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    delivery: { type: 'string', multiple: true, default: ['cookie', 'bearer', 'token-cookies', 'app'] },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
console.log(`seed ${seed}`);
for (const delivery of values.delivery as Kind[]) {
  const startedAt = performance.now();
  const { reached, violation } = await campaign({ delivery, runs, seed });
  console.log(`\n${delivery}: ${runs} histories in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  for (const [state, times] of Object.entries(reached)) console.log(`  ${state.padEnd(24)} ${times}`);
  console.log(`  violations               ${violation === null ? 0 : 1}`);
  if (violation === null) continue;
  console.error(violation);
  process.exitCode = 1;
}

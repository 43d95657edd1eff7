// npm run heap -- --minutes 10 --seed 1
import { parseArgs } from 'node:util';
import { load } from './load.js';
import { type Growth, grownBytes, growths } from './snapshot.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const MINUTE = 60_000;
/** Sessions and connections are not the same ones each time. */
const NOISE = 256 * 1_024;
const ROWS = 15;

const seed = Number(values.seed);
console.log(`seed ${seed}\nminute  writes acknowledged  heap in use     resident`);
const [before, after] = await load({
  duration: Number(values.minutes) * MINUTE,
  seed,
  progress({ at, writes, heapUsed, rss }) {
    const columns = [(at / MINUTE).toFixed(1).padStart(6), String(writes).padStart(19), mib(heapUsed), mib(rss)];
    console.log(columns.join('  '));
  },
});
for (const thread of ['main', 'writer'] as const) {
  const grown = grownBytes(before[thread], after[thread]);
  console.log(
    `\n${thread} thread: objects have grown by ${grown} bytes; what has grown most since the first measurement`,
  );
  for (const growth of growths(before[thread], after[thread]).slice(0, ROWS)) console.log(row(growth));
  if (grown > NOISE) process.exitCode = 1;
}
console.log(`\n${process.exitCode === 1 ? 'the heap has grown' : 'no growth'}`);

function row({ name, before: from, after: to }: Growth): string {
  const bytes = `${String(to.bytes - from.bytes).padStart(9)} bytes`;
  return `  ${bytes}  ${String(to.count - from.count).padStart(7)} objects  ${name.slice(0, 60)}`;
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`.padStart(11);
}

// Measures all figures of docs/performance.md and writes them there and into the README. `node bench/run.mjs <part> …`
// measures and prints only those parts; `--quick` shows that all of it runs, and its figures say nothing.
import { describeMachine } from './machine.mjs';
import { measureBeside } from './measure/beside.mjs';
import { measureFind } from './measure/find.mjs';
import { measureHeap } from './measure/heap.mjs';
import { measureImport } from './measure/import.mjs';
import { measureLock } from './measure/lock.mjs';
import { measureManySessions } from './measure/many-sessions.mjs';
import { measureRequests } from './measure/requests.mjs';
import { measureSizes } from './measure/sizes.mjs';
import { measureStepUp } from './measure/step-up.mjs';
import { measureSteps } from './measure/steps.mjs';
import { measureStores } from './measure/stores.mjs';
import { details, promises, writeBetweenMarks } from './report.mjs';
import { settings } from './settings.mjs';

const PARTS = {
  requests: measureRequests,
  beside: measureBeside,
  find: measureFind,
  lock: measureLock,
  'step-up': measureStepUp,
  heap: measureHeap,
  import: measureImport,
  stores: measureStores,
  sizes: measureSizes,
  'many-sessions': measureManySessions,
  steps: measureSteps,
};

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const names = asked.length === 0 ? Object.keys(PARTS) : asked;
const machine = describeMachine();
const parts = [];
for (const name of names) {
  console.error(`${name} …`);
  parts.push(await PARTS[name]());
}

const heading = `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine[0]}.`;
const setting = `${settings.connections} connections, ${settings.sessions.toLocaleString('en')} sessions, ${settings.rounds} interleaved rounds of ${settings.seconds} s; medians.`;
const page = [heading, ...machine.slice(1).map((line) => `${line}.`), setting, promises(parts), details(parts)].join(
  '\n\n',
);
console.log(page);
if (!settings.quick && asked.length === 0) {
  writeBetweenMarks('README.md', [`${heading} ${setting}`, promises(parts)].join('\n\n'));
  writeBetweenMarks('docs/performance.md', page);
}
process.exit(); // a store of express-session keeps its timer for ever

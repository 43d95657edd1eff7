// Preloaded by scripts/test.mjs into every process that a test starts and into every thread (those given an environment
// without NODE_OPTIONS excepted). It reports one that dies, while the test handles the 'error' or 'exit' event and goes on.
// (CommonJS, since `--import` doesn't reach a worker made with `eval: true`.)
const { appendFileSync } = require('node:fs');
const { inspect } = require('node:util');
const { isMainThread } = require('node:worker_threads');

// A test that must crash a thread or a process says so in the error's message.
const ON_PURPOSE = '[on purpose]';

// The environment of a test file (environment.mjs) sets it; Jest's own processes have none when they start.
const log = process.env.TEST_CRASH_LOG;
if (log !== undefined) {
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    const text = inspect(error);
    if (text.includes(ON_PURPOSE)) return;
    appendFileSync(log, `${origin} in ${isMainThread ? 'a child process' : 'a worker thread'}: ${text}\n`);
  });
}

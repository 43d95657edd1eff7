// Preloaded by scripts/test.mjs into every test file's process, and so into its threads and child processes (those given
// an environment without NODE_OPTIONS excepted).
// Node's runner already fails a test file for an unhandled rejection or an uncaught exception in its main thread, at any
// moment. The cases below pass it unseen. (CommonJS, since `--import` doesn't reach a worker made with `eval: true`.)
const { appendFileSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { inspect } = require('node:util');
const { isMainThread } = require('node:worker_threads');

// A test that must crash a thread or a process says so in the error's message.
const ON_PURPOSE = '[on purpose]';

const inherited = process.env.TEST_CRASH_LOG;
if (inherited === undefined) watchTestFile(join(process.env.TEST_CRASH_FOLDER, `${process.pid}.log`));
else reportCrashesTo(inherited);

// 1. A thread or a child process that dies, while its parent handles the 'error' or 'exit' event and goes on.
function reportCrashesTo(log) {
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    const text = inspect(error);
    if (text.includes(ON_PURPOSE)) return;
    appendFileSync(log, `${origin} in ${isMainThread ? 'a child process' : 'a worker thread'}: ${text}\n`);
  });
}

function watchTestFile(log) {
  process.env.TEST_CRASH_LOG = log;

  // 2. process.exit(0) while tests are still to run: the runner takes the code 0 for success.
  process.exit = (code) => {
    throw new Error(`process.exit(${code ?? ''}) was called in a test file's process`);
  };

  process.on('exit', () => {
    try {
      process.stderr.write(readFileSync(log));
      process.exitCode = 1;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  });
}

// What a test file runs in: Jest's environment for Node, which fails the file besides
// - for an unhandled rejection or an uncaught exception before its first test or after its last (in between Jest does),
// - for the crash of a thread or a child process (crash-watch.cjs),
// - when it leaves something open, which would keep a process of its own from ending.
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { takeCoverage } from 'node:v8';
import { TestEnvironment } from 'jest-environment-node';

const FOLDER = process.env.TEST_CRASH_FOLDER;
const CLOSING_MS = 5_000;

// Opened at their first use, which may be a test's: they stay.
for (const stream of [process.stdout, process.stderr]) stream.write('');

const LISTENING = ['on', 'addListener', 'once', 'off', 'removeListener', 'emit', 'listeners', 'listenerCount'];

let running = null;
let last = 'the start';

// Jest puts others in their place while a file's tests run. The one that it has at other times ends the process, and says
// that something has, but not what.
process.removeAllListeners('uncaughtException');
for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, (error) => {
    const what = `${event}: ${inspect(error)}`;
    if (running === null) appendFileSync(join(FOLDER, 'late.log'), `after ${last}: ${what}\n`);
    else running.failures.push(what);
  });
}

export default class Environment extends TestEnvironment {
  failures = [];

  constructor(config, context) {
    const file = relative(config.globalConfig.rootDir, context.testPath);
    const log = join(FOLDER, `${file.replaceAll(/\W+/g, '-')}.log`);
    process.env.TEST_CRASH_LOG = log; // before the file gets its copy of the environment
    super(config, context);
    running = this;
    last = file;
    this.file = file;
    this.log = log;
    this.open = process.getActiveResourcesInfo();

    // The file's `process` is a copy; what Node emits, for example warnings, comes by the real one.
    const { process: copy } = this.global;
    this.listeners = process.eventNames().flatMap((event) => process.rawListeners(event));
    for (const name of LISTENING) copy[name] = process[name].bind(process);
    copy.exit = (code) => {
      throw new Error(`process.exit(${code ?? ''}) was called in a test file`);
    };
  }

  async teardown() {
    const left = await this.#leftOpen();
    if (left.length > 0) this.failures.push(`left open: ${left.join(', ')}`);
    for (const event of process.eventNames()) {
      for (const listener of process.rawListeners(event)) {
        if (!this.listeners.includes(listener)) process.removeListener(event, listener);
      }
    }
    await super.teardown();
    running = null;
    delete process.env.TEST_CRASH_LOG;
    if (process.env.NODE_V8_COVERAGE !== undefined) takeCoverage(); // Jest may kill the process before it does so
    if (existsSync(this.log)) {
      this.failures.push(readFileSync(this.log, 'utf8'));
      rmSync(this.log);
    }
    if (this.failures.length > 0) throw new Error(this.failures.join('\n'));
  }

  /** What keeps the process alive that didn't before; empty as soon as nothing does. */
  async #leftOpen() {
    const end = Date.now() + CLOSING_MS;
    for (;;) {
      await delay(1, undefined, { ref: false });
      const left = process.getActiveResourcesInfo();
      for (const one of this.open) {
        const index = left.indexOf(one);
        if (index !== -1) left.splice(index, 1);
      }
      if (left.length === 0 || Date.now() > end) return left;
    }
  }
}

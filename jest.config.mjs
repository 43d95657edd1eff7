// Jest runs what `tsc` made of the tests and of lib/; `npm test` builds it first (scripts/test.mjs).
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

/** @type {import('jest').Config} */
const config = {
  roots: [resolve(process.env.TEST_ROOT ?? '.build')],
  testMatch: process.env.SLOW_TESTS === '1' ? ['**/*.slow.test.js'] : ['**/*.test.js', '!**/*.slow.test.js'],
  transform: {},
  testEnvironment: './scripts/jest/environment.mjs',
  setupFiles: ['./scripts/jest/realm.mjs'],
  setupFilesAfterEnv: ['./.build/test/support/clean-up-hooks.js'],
  moduleNameMapper: { '^node:assert/strict$': '<rootDir>/scripts/jest/assert.cjs' },
  reporters: ['default', './scripts/jest/skipped-reporter.mjs'],
  maxWorkers: availableParallelism() + 1, // they wait for servers, browsers and timers, too
  workerIdleMemoryLimit: '500MB', // what a test file loaded isn't freed (modules of `vm`); collecting it costs more and more
  testTimeout: 300_000, // for slow machines; a test that hangs is cut off
  restoreMocks: true,
  watchman: false,
};

export default config;

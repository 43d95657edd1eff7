import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it, jest } from '@jest/globals';
import type { StepgateEvent } from '../../lib/events.js';
import { SECRET } from '../support/kit.js';
import { compile } from './compile.js';
import { codeBlocks, read } from './markdown.js';

const [, logging = ''] = codeBlocks(read('docs/telemetry.md'), 'ts').map(({ text }) => text);

describe('the log lines of docs/telemetry.md', () => {
  it('are one JSON object each, with the causes of an error', async () => {
    const options = `import { memoryStore } from 'stepgate';
      const options = { secret: '${SECRET}', issuer: 'https://app.example', store: memoryStore() };`;
    const folder = compile('telemetry-page', { log: `${options}\n${logging}\nexport { writeLine, auth };` });
    const {
      writeLine,
      auth,
    }: { writeLine(event: StepgateEvent): void; auth: { forgetUser(userId: string): unknown } } = await import(
      pathToFileURL(join(folder, 'log.js')).href
    );
    const lines: unknown[] = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      lines.push(JSON.parse(String(text)));
      return true;
    });
    const cause = new Error('the disk is full');
    writeLine({ type: 'step-up.asked', at: 0, userId: 'ada', sessionId: 'id', methods: ['totp'] });
    writeLine({
      type: 'dependency.failed',
      at: 1,
      operation: 'sessions.find',
      error: new TypeError('it broke', { cause }),
    });
    await auth.forgetUser('ada');
    jest.restoreAllMocks();
    const [asked, failed] = lines;
    assert.deepEqual(asked, {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      type: 'step-up.asked',
      userId: 'ada',
      sessionId: 'id',
      methods: ['totp'],
    });
    const { level, error } = failed as { level: string; error: { name: string; message: string; cause: Error } };
    assert.deepEqual(
      [level, error.name, error.message, error.cause.message],
      ['error', 'TypeError', 'it broke', 'the disk is full'],
    );
  });
});

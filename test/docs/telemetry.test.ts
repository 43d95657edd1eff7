import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it, jest } from '@jest/globals';
import type { StepgateEvent } from '../../lib/events.js';
import { SECRET } from '../support/instance.js';
import { compile } from './compile.js';
import { codeBlocks, plain, read, tables } from './markdown.js';

const [, logging = ''] = codeBlocks(read('docs/telemetry.md'), 'ts').map(({ text }) => text);

describe('the attributes of docs/telemetry.md', () => {
  const source = read('lib/opentelemetry/index.ts');
  const table = tables(read('docs/telemetry.md')).get('attribute') ?? new Map<string, readonly string[]>();

  it('are those that events have, with the events that have each', () => {
    const [, list = ''] = /^const FIELDS = \{(.*?)^\}/ms.exec(source) ?? [];
    const having = new Map<string, string[]>();
    for (const [, event = '', fields = ''] of list.matchAll(/'([\w.-]+)': \[(.*?)\]/g)) {
      for (const [, field = ''] of fields.matchAll(/'(\w+)'/g)) {
        having.set(`stepgate.${field}`, [...(having.get(`stepgate.${field}`) ?? []), event]);
      }
    }
    assert.ok(having.size > 4);
    const said = [...table]
      .filter(([name]) => name !== 'stepgate.event' && name !== 'error.type')
      .map(([name, [of = '']]) => [name, plain(of).split(', ')] as const);
    assert.deepEqual(new Map(said), having);
  });

  it('are all named, and the counters, too', () => {
    const text = read('docs/telemetry.md');
    const used = source.matchAll(/'((?:stepgate|error|client)\.[\w.]+|(?:user|session)\.id)'/g);
    const names = Array.from(used, ([, name]) => name);
    assert.ok(names.length > 7);
    assert.deepEqual(
      names.filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });
});

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

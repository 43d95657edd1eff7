import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { root } from '../repository/root.js';
import { codeBlocks, read } from './markdown.js';

const pages = ['README.md', 'SECURITY.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
const blocks = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => codeBlocks(read(page), 'ts').map((block) => ({ page, ...block })));

// Under Express 4 and Connect a rejection that no handler hands on ends the process: one request does that.
describe('the handlers of the docs', () => {
  for (const { page, line, text } of blocks.filter((block) => /async \(_?req, _?res/.test(block.text))) {
    it(`hand on what they reject with (${page}, line ${line})`, () => {
      const handlers = text.split(/^app\./m).filter((part) => /async \(_?req, _?res/.test(part));
      for (const handler of handlers) {
        assert.match(handler, /async \(_?req, _?res, next\)/);
        assert.match(handler, /catch \(error\) \{\s+next\(error\)/);
      }
    });
  }

  it('hand on the rejections of a promise as well', () => {
    for (const { page, line, text } of blocks) {
      for (const [call = ''] of text.matchAll(/\.then\(.*$/gm)) {
        assert.match(call, /, next\)|next\(error\)/, `${page}, line ${line}`);
      }
    }
  });
});

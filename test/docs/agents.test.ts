import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { ErrorCode, type McpError, UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { type ApprovalApp, approvalApp, approved, denied, KEY } from '../approvals/app.js';
import { root } from '../repository/root.js';
import { cleanUp } from '../support/clean-up.js';
import { codeBlocks, read } from './markdown.js';

// Inside the package, so that its imports are found.
const folder = join(root, '.build/agents');
const blocks = codeBlocks(read('docs/agents.md'), 'js').map(({ text }) => text);
const plain = blocks.find((text) => text.startsWith('async function transfer')) ?? '';
const mcp = blocks.find((text) => text.includes('@modelcontextprotocol')) ?? '';

interface Plain {
  make(names: {
    readonly apiKey: string;
    readonly app: string;
    readonly tell: (url: string) => void;
    readonly wait: (seconds: number) => Promise<unknown>;
  }): (body: object) => Promise<Response>;
}

interface Mcp {
  createBankServer(options: { readonly app: string; readonly apiKey: string }): Pick<McpServer, 'connect'>;
}

async function started(): Promise<{ readonly bank: ApprovalApp; readonly app: string }> {
  const bank = approvalApp({ approvals: { page: '/approvals' } });
  const server = createServer(bank.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp(() => server.close());
  return { bank, app: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }; // it listens on a port
}

async function load<Module>(name: string): Promise<Module> {
  return (await import(pathToFileURL(join(folder, `${name}.mjs`)).href)) as Module; // as the page has it
}

describe('the guide to agents', () => {
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'plain.mjs'),
      `export function make({ apiKey, app, tell, wait }) {${plain}; return transfer; }`,
    );
    writeFileSync(join(folder, 'mcp.mjs'), mcp);
  });

  it('has an agent over plain HTTP that waits for its owner, and acts once', async () => {
    const { bank, app } = await started();
    const phone = await bank.signIn();
    const { make } = await load<Plain>('plain');
    const told: string[] = [];
    const transfer = make({
      apiKey: KEY,
      app,
      tell: (url) => told.push(url),
      async wait(seconds) {
        bank.clock.advance(seconds);
        const [waiting] = (await phone.get('/auth/approvals')).body.approvals;
        if (told.length === 1 && waiting) await approved(phone, waiting, bank.key);
      },
    });
    const response = await transfer({ to: 'p1', amount: 10 });
    assert.equal(response.status, 200);
    assert.match(told[0] ?? '', /^https:\/\/app\.example\/approvals\?approval=/);
    assert.equal(bank.done.length, 1);
  });

  it('has an MCP server whose client opens a page, and whose same call then passes once', async () => {
    const { bank, app } = await started();
    const phone = await bank.signIn();
    const { createBankServer } = await load<Mcp>('mcp');
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { elicitation: { url: {} } } });
    const [ofClient, ofServer] = InMemoryTransport.createLinkedPair();
    const server = createBankServer({ app, apiKey: KEY });
    await Promise.all([server.connect(ofServer), client.connect(ofClient)]);
    cleanUp(() => client.close());
    const transfer = { name: 'transfer', arguments: { to: 'p1', amount: 10 } };
    assert.deepEqual(
      (await client.listTools()).tools.map(({ name }) => name),
      ['transfer'],
    );

    const elicited = async (call: typeof transfer): Promise<string> => {
      const error = await client.callTool(call).then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.equal((error as McpError).code, ErrorCode.UrlElicitationRequired);
      assert.ok(error instanceof UrlElicitationRequiredError);
      const [asked] = error.elicitations;
      assert.equal(asked?.message, `Send ${call.arguments.amount} to Bea?`);
      assert.equal(asked.url, `https://app.example/approvals?approval=${asked.elicitationId}`);
      return asked.elicitationId;
    };

    const id = await elicited(transfer);
    assert.equal(await elicited(transfer), id); // it still waits: nobody is asked twice
    await approved(phone, { id }, bank.key);
    const other = { ...transfer, arguments: { to: 'p1', amount: 11 } };
    const otherId = await elicited(other);
    assert.notEqual(otherId, id);
    assert.equal((await client.callTool(transfer)).isError, undefined);
    assert.equal(bank.done.length, 1);
    assert.notEqual(await elicited(transfer), id);
    await denied(phone, { id: otherId });
    assert.deepEqual((await client.callTool(other)).content, [{ type: 'text', text: 'Refused: denied' }]);
    assert.equal(bank.done.length, 1);
  });
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import request, { type Response } from 'supertest';
import { accessFaults } from '../browser/dialog/page.js';
import { codeBlocks, read } from '../docs/markdown.js';
import { root } from '../repository/root.js';
import { cleanUp } from '../support/clean-up.js';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { checkLooks } from './looks.js';
import { addAuthenticator, addPasskey, card, dialog, notice, pagesOfTheBank, signUp } from './pages.js';

const SMALL: BrowserContextOptions = { viewport: { width: 360, height: 740 } };

interface Approval {
  readonly id: string;
  readonly token: string;
  readonly url: string;
}

/** A program with the key that the page has just shown. */
function agentOf(page: Page, key: string) {
  const { origin } = new URL(page.url());
  function transfer(body: object, approval?: Approval): Promise<Response> {
    const sent = request(origin).post('/agent/transfers').set('Authorization', `Bearer ${key}`);
    if (approval !== undefined) sent.set('Stepgate-Approval', `${approval.id}.${approval.token}`);
    return Promise.resolve(sent.send(body));
  }
  return {
    transfer,
    async ask(body: object): Promise<Approval> {
      const { body: answer, status } = await transfer(body);
      assert.equal(status, 401);
      return answer.approval;
    },
  };
}

const waiting = (page: Page): Locator => page.getByRole('listitem');

async function owner(page: Page, email: string) {
  const authenticator = await addAuthenticator(page);
  await signUp(page, email);
  await addPasskey(page, 'My phone');
  const keys = card(page, 'A key for programs');
  await keys.getByRole('button', { name: 'Make a key' }).click();
  await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
  await notice(page, 'It is shown this once.');
  const key = (await keys.locator('#key').textContent()) ?? '';
  return { authenticator, key, agent: agentOf(page, key) };
}

interface McpGuide {
  createBankServer(options: { readonly app: string; readonly apiKey: string }): Pick<McpServer, 'connect'>;
}

/** The MCP server of docs/agents.md. Its file lies inside the package, so that its imports are found. */
async function loadMcpServer(): Promise<McpGuide> {
  const text = codeBlocks(read('docs/agents.md'), 'js').find((block) => block.text.includes('@modelcontextprotocol'));
  const file = join(root, '.build/bank-mcp.mjs');
  writeFileSync(file, text?.text ?? '');
  return (await import(pathToFileURL(file).href)) as McpGuide; // as the page has it
}

describeIfPresent('the page “Waiting for your approval”, in Chromium,', missingChromium, () => {
  const { openPage } = pagesOfTheBank();

  it('shows exactly what will run; approved by a passkey it is done once', async () => {
    const { page, faults } = await openPage(SMALL);
    const { agent } = await owner(page, 'approves@example.com');
    const body = { to: 'bea@example.com', amount: 1_250 };
    const approval = await agent.ask(body);
    await page.goto(approval.url);
    await waiting(page).getByText('Send €12.50 to bea@example.com').waitFor();
    const shown = await waiting(page).locator('pre').textContent();
    assert.match(shown ?? '', /^POST \/agent\/transfers\n.*"to": "bea@example.com",\s+"amount": 1250/s);
    await waiting(page).getByText('a program with the key').waitFor();
    await page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await notice(page, 'Approved: Send €12.50');
    await card(page, 'Nothing waits for you').waitFor();
    assert.equal((await agent.transfer(body, approval)).status, 200);
    assert.equal((await agent.transfer(body, approval)).body.reason, 'spent');
    assert.deepEqual(faults, []);
  });

  it('denies, and says of one that was decided elsewhere what became of it', async () => {
    const { page } = await openPage(SMALL);
    const { agent } = await owner(page, 'denies@example.com');
    const [denied, elsewhere] = [
      await agent.ask({ to: 'bea@example.com', amount: 1 }),
      await agent.ask({ to: 'bea@example.com', amount: 2 }),
    ];
    await page.goto(denied.url);
    const other = await page.context().newPage();
    await other.goto(elsewhere.url);
    await waiting(other).nth(1).getByRole('button', { name: 'Deny' }).click();
    await notice(other, 'Denied: Send €0.02');
    await waiting(page).nth(1).getByRole('button', { name: 'Deny' }).click();
    await notice(page, 'It has been decided already.');
    await waiting(page).getByRole('button', { name: 'Deny' }).click();
    await notice(page, 'Denied: Send €0.01');
    assert.equal((await agent.transfer({ to: 'bea@example.com', amount: 1 }, denied)).body.reason, 'denied');
  });

  it('approves nothing when its user gives the ceremony up, nor once they are signed out everywhere', async () => {
    const { page } = await openPage(SMALL);
    const { agent, authenticator } = await owner(page, 'gives-up@example.com');
    const body = { to: 'bea@example.com', amount: 3 };
    const approval = await agent.ask(body);
    await page.goto(approval.url);
    await authenticator.recognise(false);
    await page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await notice(page, 'No passkey was used.');
    assert.equal((await agent.transfer(body, approval)).body.reason, 'pending');
    await authenticator.recognise(true);
    await page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await notice(page, 'Approved: Send €0.03');
    await page.evaluate("fetch('/auth/sessions', { method: 'DELETE' })");
    assert.equal((await agent.transfer(body, approval)).body.reason, 'denied');
  });

  it('is where an MCP client sends its owner; the same call again passes once', async () => {
    const { page } = await openPage(SMALL);
    const { key } = await owner(page, 'mcp@example.com');
    const { origin } = new URL(page.url());
    const { createBankServer } = await loadMcpServer();
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { elicitation: { url: {} } } });
    const [ofClient, ofServer] = InMemoryTransport.createLinkedPair();
    const server = createBankServer({ app: `${origin}/agent`, apiKey: key });
    await Promise.all([server.connect(ofServer), client.connect(ofClient)]);
    cleanUp(() => client.close());
    const transfer = { name: 'transfer', arguments: { to: 'bea@example.com', amount: 700 } };
    const elicited = async (): Promise<string> => {
      const error: unknown = await client.callTool(transfer).then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof UrlElicitationRequiredError);
      return error.elicitations[0]?.url ?? '';
    };
    await page.goto(await elicited());
    await waiting(page).getByText('Send €7.00 to bea@example.com').waitFor();
    await page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await notice(page, 'Approved: Send €7.00');
    const { content, isError } = await client.callTool(transfer);
    assert.equal(isError, undefined);
    assert.match(JSON.stringify(content), /999300/); // the balance
    await elicited(); // it was for that call alone
  });

  it('inserts no markup of whoever asks', async () => {
    const { page, faults } = await openPage(SMALL);
    const { agent } = await owner(page, 'markup@example.com');
    const { url } = await agent.ask({ to: '<img src=x onerror=alert(1)><h2>Paid</h2>', amount: 4 });
    await page.goto(url);
    await waiting(page).getByText('<img src=x onerror=alert(1)>').first().waitFor();
    assert.equal(await waiting(page).locator('img').count(), 0);
    assert.deepEqual(faults, []);
  });

  for (const [look, options] of Object.entries({
    light: { ...SMALL, colorScheme: 'light' },
    dark: { ...SMALL, colorScheme: 'dark' },
    'forced colours': { ...SMALL, forcedColors: 'active' },
  } satisfies Record<string, BrowserContextOptions>)) {
    it(`can be read and used by everybody, in ${look}`, async () => {
      const { page } = await openPage(options);
      const { agent } = await owner(page, `approvals-${look.replace(' ', '-')}@example.com`);
      await page.goto(`${new URL(page.url()).origin}/approvals`);
      await card(page, 'Nothing waits for you').waitFor();
      assert.deepEqual(await accessFaults(page), []);
      const { url } = await agent.ask({ to: `${'a'.repeat(200)}@example.com`, amount: 5 });
      await page.goto(url);
      await waiting(page).first().waitFor();
      assert.deepEqual(await accessFaults(page), []);
      if (look !== 'forced colours') await checkLooks(page);
    });
  }
});

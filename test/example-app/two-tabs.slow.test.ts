import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import type { Client } from '../../lib/browser/client.js';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { PASSWORD, pagesOfTheBank, sessions, signUp } from './pages.js';

/** Twenty requests at once, by the client that the page itself has. */
function sendTwenty(page: Page): Promise<readonly number[]> {
  return page.evaluate(async () => {
    const path = '/client.js';
    const { client } = (await import(path)) as { readonly client: Client }; // what is served there
    return Promise.all(Array.from({ length: 20 }, async () => (await client.fetch('/me')).status));
  });
}

/** Keeps the answers to so many requests back until all of them are there. */
async function answerAtOnce(context: BrowserContext, path: string, count: number): Promise<void> {
  let isThere = (): void => {};
  const all = new Promise<void>((resolve) => {
    isThere = resolve;
  });
  let answered = 0;
  await context.route(
    path,
    async (route) => {
      const response = await route.fetch();
      if (++answered === count) isThere();
      await all;
      await route.fulfill({ response });
    },
    { times: count },
  );
}

describeIfPresent('two tabs of the bank in Chromium', missingChromium, () => {
  const { openPage, openTab, advance } = pagesOfTheBank();

  it('refresh once for twenty requests in each of them, sent as the access token has ended', async () => {
    const { page: first, faults } = await openPage();
    const { origin } = new URL(first.url());
    const email = 'tabs-ada@example.com';
    await signUp(first, email);
    await first.request.post(`${origin}/login`, {
      headers: { Origin: origin },
      data: { email, password: PASSWORD, delivery: 'token-cookies' },
    });
    await first.goto(`${origin}/account`);
    await sessions(first).first().waitFor();
    const { page: second, faults: others } = await openTab(first);
    await sessions(second).first().waitFor();
    const answers: string[] = [];
    first.context().on('response', (response) => {
      answers.push(`${response.request().method()} ${new URL(response.url()).pathname} ${response.status()}`);
    });
    const countOf = (answer: string): number => answers.filter((other) => other === answer).length;

    await advance(9 * 60_000);
    assert.deepEqual(new Set(await sendTwenty(first)), new Set([200]));
    assert.equal(answers.filter((answer) => answer.includes('/token/refresh')).length, 0);
    answers.length = 0;

    await advance(2 * 60_000); // an access token is good for ten
    await answerAtOnce(first.context(), '**/me', 40);
    const statuses = await Promise.all([sendTwenty(first), sendTwenty(second)]);
    assert.deepEqual(
      statuses.flat(),
      Array.from({ length: 40 }, () => 200),
    );
    assert.deepEqual([countOf('GET /me 401'), countOf('GET /me 200')], [40, 40]);
    assert.deepEqual(
      answers.filter((answer) => answer.includes('/token/refresh')),
      ['POST /auth/token/refresh 200'],
    );
    assert.deepEqual([...faults, ...others], []);
  });
});

import { afterAll, beforeAll } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import type { ApprovalJson, Approvals } from '../../../lib/browser/approvals.js';
import type { Client } from '../../../lib/browser/client.js';
import type { ConfirmOutcome, ConfirmRequest } from '../../../lib/browser/confirm.js';
import type { StepgateErrorCode } from '../../../lib/browser/errors.js';
import type { TokenStore } from '../../../lib/browser/transport.js';
import { launchChromium } from '../../example-app/chromium.js';
import { cleanUp } from '../../support/clean-up.js';
import type { Site } from './site.js';

/** What the page of a site has in its window. */
declare global {
  var client: Client;
  var tokens: TokenStore;
  var approvals: Approvals;
  /** What the page was told of the approval that its request waits for. */
  var approval: ApprovalJson | undefined;
  /** The client's events. */
  var told: string[];
  /** What the user was asked. */
  var asked: Pick<ConfirmRequest, 'why' | 'summary' | 'ways' | 'again' | 'notice'>[];
  /** What the user does. */
  var user: (request: ConfirmRequest) => Promise<ConfirmOutcome>;
}

/** What came of a call in the page: errors don't travel as they are. */
export interface Outcome {
  readonly status?: number;
  readonly body?: unknown;
  readonly code?: StepgateErrorCode;
}

export interface Visitor {
  readonly context: BrowserContext;
  /** One more tab, on the site's page with the client in it. */
  open(site: Site, query?: string): Promise<Page>;
}

/** A browser for the tests of the suite that calls this; each visitor has cookies of their own. */
export function visitors(): (options?: BrowserContextOptions) => Promise<Visitor> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
  });
  return async (options = {}) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
    cleanUp(() => context.close());
    return {
      context,
      async open({ url }, query = '') {
        const page = await context.newPage();
        page.setDefaultTimeout(10_000);
        await page.goto(`${url}/${query}`);
        await page.waitForFunction(() => 'client' in globalThis);
        return page;
      },
    };
  };
}

/** Signs in on the page that shows it, and pins it to the session. */
export async function signIn(page: Page, options: object = {}): Promise<void> {
  await page.evaluate(async (body) => {
    const response = await client.fetch('/login', { method: 'POST', json: body });
    const answer = await response.json();
    if ('access_token' in answer.body) await tokens.set(answer.body);
    await client.load();
  }, options);
}

/** Sends a request as a page does, and says what came of it. */
export function send(page: Page, path: string, init: { method?: string; json?: unknown } = {}): Promise<Outcome> {
  return page.evaluate(
    ([url, how]) =>
      client.fetch(url, how).then(
        async (response) => ({ status: response.status, body: await response.json().catch(() => null) }),
        (error: unknown) => ({ code: (error as Required<Outcome>).code }),
      ),
    [path, init] as const,
  );
}

export interface Authenticator {
  readonly cdp: CDPSession;
  readonly id: string;
}

/** Gives the page an authenticator that Chromium plays, with a user who is always there. */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, id };
}

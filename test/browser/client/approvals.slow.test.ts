import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { GuardRequest } from '../../../lib/step-up/rule.js';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { addAuthenticator, type Outcome, signIn, visitors } from './page.js';
import { type Site, startSite } from './site.js';

const TRANSFER = { to: 'bea', cents: 1_000 };
const OTHER = { to: 'eve', cents: 1_000 };

interface Scene {
  readonly site: Site;
  /** Has a restricted session by tokens, and asks. */
  readonly tv: Page;
  /** Has a passkey, and decides. */
  readonly phone: Page;
}

/** The TV sends the request and waits; gives what comes of it, once that is there. */
async function asks(
  { tv }: Pick<Scene, 'tv'>,
  json: object = TRANSFER,
): Promise<{ id: string; outcome: Promise<Outcome> }> {
  const outcome = tv.evaluate(
    (body) =>
      approvals
        .fetch('/approved', {
          method: 'POST',
          json: body,
          onAsked: (told) => {
            globalThis.approval = told;
          },
        })
        .then(
          async (response) => ({ status: response.status, body: await response.json() }),
          (error: unknown) => ({ code: (error as Required<Outcome>).code }),
        ),
    json,
  );
  await tv.waitForFunction(() => globalThis.approval !== undefined);
  const { id = '' } = (await tv.evaluate(() => globalThis.approval)) ?? {};
  return { id, outcome };
}

/** Time passes until the TV has looked once more. */
async function looks({ tv, site }: Pick<Scene, 'tv' | 'site'>): Promise<void> {
  const looked = tv.waitForResponse('**/auth/approvals/*');
  site.clock.advance('5s');
  await tv.clock.runFor(5_000);
  await looked;
}

const bookings = ({ site }: Scene): readonly object[] => site.bookings;

describeIfPresent('approvals in the browser', missingChromium, () => {
  const visitor = visitors();

  async function arrange(): Promise<Scene> {
    const site: Site = await startSite({
      approvals: { page: '/' },
      routes(app, auth) {
        const bind = ({ body }: Pick<GuardRequest, 'body'>) => ({ to: body['to'], cents: body['cents'] });
        const guard = auth.requireFreshStepUp({
          method: ['passkey', 'password'],
          bind: (req: GuardRequest) => bind(req),
          summary: ({ to, cents }) => `Send ${String(cents)} cents to ${String(to)}`,
          approver: 'user',
        });
        app.post('/approved', guard, (req, res) => {
          site.bookings.push(bind(req));
          res.json({ ok: true });
        });
      },
    });
    const [home, pocket] = [await visitor(), await visitor()];
    const tv = await home.open(site, '?bearer=1');
    await tv.clock.install();
    await tv.evaluate(async () => {
      const json = { delivery: 'bearer', restricted: true };
      const response = await client.fetch('/login', { method: 'POST', json });
      await tokens.set((await response.json()).body);
    });
    const phone = await pocket.open(site);
    await addAuthenticator(phone);
    await signIn(phone);
    await phone.evaluate(() => client.passkeys.add({ label: 'phone' }));
    site.clock.advance('1m');
    return { site, tv, phone };
  }

  it('lets one device ask and another approve: it runs once, and what was asked for', async () => {
    const scene = await arrange();
    const { phone } = scene;
    const { id, outcome } = await asks(scene);
    await looks(scene);
    const [listed] = await phone.evaluate(() => approvals.list());
    assert.deepEqual(
      [listed?.id, listed?.summary, listed?.httpMethod, listed?.url, listed?.payload],
      [id, 'Send 1000 cents to bea', 'POST', '/approved', TRANSFER],
    );
    await phone.evaluate((asked) => approvals.approve(asked, 'passkey'), id);
    assert.equal((await phone.evaluate((asked) => approvals.get(asked), id)).status, 'approved');
    await looks(scene);
    assert.deepEqual(await outcome, { status: 200, body: { ok: true } });
    assert.deepEqual(bookings(scene), [TRANSFER]);
    assert.deepEqual(await phone.evaluate(() => approvals.list()), []);
    assert.equal((await phone.evaluate((asked) => approvals.get(asked), id)).status, 'spent');
  });

  it('spends it for nobody else, and for no other bytes', async () => {
    const scene = await arrange();
    const { tv, phone, site } = scene;
    const { id, outcome } = await asks(scene);
    await phone.evaluate((asked) => approvals.approve(asked, 'password', { password: 'sesame' }), id);
    const token = await tv.evaluate(() => globalThis.approval?.token ?? '');
    const thief = await (await visitor()).open(site);
    await signIn(thief);
    const headers = { 'Stepgate-Approval': `${id}.${token}` };
    const sendFrom = (page: Page, json: object): Promise<string> =>
      page.evaluate(
        async (init) => (await (await client.fetch('/approved', { method: 'POST', ...init })).json()).code,
        { json, headers },
      );
    assert.equal(await sendFrom(thief, TRANSFER), 'not_found');
    assert.equal(await sendFrom(tv, OTHER), 'approval_required');
    assert.deepEqual(bookings(scene), []);
    await looks(scene);
    assert.equal((await outcome).status, 200);
    assert.deepEqual(bookings(scene), [TRANSFER]);
  });

  it('says that it was denied, that its time had expired, and that a request is denied at once for a while', async () => {
    const scene = await arrange();
    const { site, tv, phone } = scene;
    const denied = await asks(scene);
    await phone.evaluate((asked) => approvals.deny(asked), denied.id);
    await looks(scene);
    assert.deepEqual(await denied.outcome, { code: 'approval_denied' });
    await tv.evaluate(() => {
      globalThis.approval = undefined;
    });
    const again = await tv.evaluate(
      (json) =>
        approvals.fetch('/approved', { method: 'POST', json }).catch((error: unknown) => (error as Outcome).code),
      TRANSFER,
    );
    assert.equal(again, 'approval_denied');

    const late = await asks(scene, OTHER);
    site.clock.advance('11m');
    await looks(scene);
    assert.deepEqual(await late.outcome, { code: 'approval_expired' });
    assert.deepEqual(bookings(scene), []);
  });

  it('ends with its owner’s sessions', async () => {
    const scene = await arrange();
    const { phone } = scene;
    const { id, outcome } = await asks(scene);
    await phone.evaluate((asked) => approvals.approve(asked, 'passkey'), id);
    await phone.evaluate(() => client.sessions.endAll());
    await looks(scene);
    assert.deepEqual(await outcome, { code: 'signed_out' });
    assert.deepEqual(bookings(scene), []);
  });

  it('goes on through an outage, and gives up when the page does', async () => {
    const scene = await arrange();
    const { site, tv, phone } = scene;
    const { id, outcome } = await asks(scene);
    site.replace(`GET /auth/approvals/${id}`);
    await looks(scene);
    await phone.evaluate((asked) => approvals.approve(asked, 'passkey'), id);
    await looks(scene);
    assert.equal((await outcome).status, 200);

    const code = await tv.evaluate((json) => {
      const controller = new AbortController();
      const { signal } = controller;
      const onAsked = () => controller.abort();
      return approvals
        .fetch('/approved', { method: 'POST', json, signal, onAsked })
        .catch((error: unknown) => (error as Outcome).code);
    }, OTHER);
    assert.equal(code, 'cancelled');
    assert.deepEqual(bookings(scene), [TRANSFER]);
  });

  it('does it once when the answer is lost, whatever is pressed then', async () => {
    const scene = await arrange();
    const { site, tv, phone } = scene;
    const pressed = tv.evaluate(async (json) => {
      const options = {
        method: 'POST',
        json,
        onAsked: (told: object) => Object.assign(globalThis, { approval: told }),
      };
      const error = await approvals.fetch('/approved', options).then(
        () => {
          throw new Error('The answer was cut off.');
        },
        (reason: unknown) => reason as { code: string; again(): Promise<Response> }, // a StepgateError
      );
      const { status } = await error.again();
      return { code: error.code, status };
    }, TRANSFER);
    await tv.waitForFunction(() => globalThis.approval !== undefined);
    const id = await tv.evaluate(() => globalThis.approval?.id ?? '');
    await phone.evaluate((asked) => approvals.approve(asked, 'passkey'), id);
    site.cut('POST /approved');
    await looks(scene);
    assert.deepEqual(await pressed, { code: 'outcome_unknown', status: 401 });
    assert.deepEqual(bookings(scene), [TRANSFER]);
  });

  it('believes nothing of what another origin says', async () => {
    const { site } = await arrange();
    const { context } = await visitor({ bypassCSP: true });
    const page = await context.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => 'client' in globalThis);
    const approval = { id: 'A'.repeat(22), token: 'A'.repeat(43), summary: 'Mine', interval: 5, expiresIn: 600 };
    const refusal = { code: 'approval_required', reason: 'missing', approval };
    await page.route('https://other.example/**', (route) =>
      route.fulfill({
        status: 401,
        headers: { 'Content-Type': 'application/problem+json', 'Access-Control-Allow-Origin': '*' },
        body: JSON.stringify(refusal),
      }),
    );
    const status = await page.evaluate(async () => {
      const onAsked = (told: object): void => void Object.assign(globalThis, { approval: told });
      return (await approvals.fetch('https://other.example/approved', { onAsked })).status;
    });
    assert.equal(status, 401);
    assert.equal(await page.evaluate(() => globalThis.approval), undefined);
  });

  it('tells a wrong answer from a right one, and counts it', async () => {
    const scene = await arrange();
    const { phone } = scene;
    const { id, outcome } = await asks(scene);
    const answer = await phone.evaluate(
      (asked) =>
        approvals.approve(asked, 'password', { password: 'wrong' }).catch((error: unknown) => {
          const { code, refusal } = error as { code: string; refusal: object }; // a StepgateError
          return { code, ...refusal };
        }),
      id,
    );
    assert.ok(answer !== undefined && 'attemptsLeft' in answer);
    assert.deepEqual([answer.code, answer.attemptsLeft], ['step_up_failed', 4]);
    assert.equal((await phone.evaluate((asked) => approvals.get(asked), id)).status, 'pending');
    await phone.evaluate((asked) => approvals.deny(asked), id);
    await looks(scene);
    assert.deepEqual(await outcome, { code: 'approval_denied' });
  });
});

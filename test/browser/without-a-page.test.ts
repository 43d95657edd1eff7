import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { createApprovals } from '../../lib/browser/approvals.js';
import { stepUpDialog } from '../../lib/browser/dialog/index.js';
import { createClient, StepgateError } from '../../lib/browser/index.js';
import { refusalIn, waysIn } from '../../lib/browser/refusal.js';
import { requestMaker } from '../../lib/browser/request.js';
import { aborted, passed, shared } from '../../lib/browser/wait.js';

const URL = 'https://app.example/transfers';
const REFUSAL = { code: 'step_up_required', detail: 'Confirm that it is you.', missing: [['totp']] };

function problem(body: unknown, type = 'application/problem+json'): Response {
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status: 401,
    headers: { 'Content-Type': type },
  });
}

describe('the modules for pages, on a server that renders them', () => {
  it('load, and make a dialog that isn’t shown yet', () => {
    for (const loaded of [createClient, createApprovals, stepUpDialog()]) assert.equal(typeof loaded, 'function');
  });

  it('have an error whose message is the server’s word, or else its code', () => {
    const refusal = {
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'restricted',
      detail: 'No.',
    } as const;
    const cause = new TypeError('no network');
    const [told, untold] = [new StepgateError('restricted', { refusal }), new StepgateError('offline', { cause })];
    assert.deepEqual([told.name, told.code, told.message], ['StepgateError', 'restricted', 'No.']);
    assert.deepEqual([untold.message, untold.cause], ['offline', cause]);
  });
});

describe('a request of the client', () => {
  it('is made anew each time, with the same bytes', async () => {
    const make = requestMaker(URL, { method: 'POST', json: { to: 'bea' } });
    for (let time = 0; time < 2; time += 1) {
      const request = make();
      assert.equal(request.headers.get('Content-Type'), 'application/json');
      assert.deepEqual(await request.json(), { to: 'bea' });
    }
  });

  it('takes a function that gives a stream, and refuses a stream before anything is sent', async () => {
    const make = requestMaker(URL, { method: 'POST', body: () => new Blob(['bytes']).stream() });
    for (let time = 0; time < 2; time += 1) assert.equal(await make().text(), 'bytes');
    const body = new Blob(['bytes']).stream() as unknown as string; // as a page in plain JavaScript hands it over
    assert.throws(() => requestMaker(URL, { method: 'POST', body }), { code: 'stream_body' });
  });
});

describe('a refusal', () => {
  it('is what stepgate says as a problem, and leaves the answer’s body to the page', async () => {
    const response = problem(REFUSAL);
    assert.deepEqual(waysIn(await refusalIn(response)), [['totp']]);
    assert.deepEqual(await response.json(), REFUSAL);
  });

  it('is nothing that a proxy or another library says', async () => {
    for (const body of ['<html>', '', 'null', '7', '[]', '{}', '{"code":""}']) {
      assert.equal(await refusalIn(problem(body)), null, body);
    }
    assert.equal(await refusalIn(problem(REFUSAL, 'application/json')), null);
    assert.equal(await refusalIn(Response.json(REFUSAL)), null);
  });

  it('that asks for what makes no sense asks for nothing', async () => {
    for (const missing of [undefined, null, 'totp', {}, ['totp']]) {
      assert.equal(waysIn(await refusalIn(problem({ ...REFUSAL, missing }))), null);
    }
    assert.deepEqual(waysIn(await refusalIn(problem({ code: 'step_up_unavailable' }))), []);
  });
});

describe('waiting in the client', () => {
  it('ends with the time, or with who gives up', async () => {
    assert.equal(await passed(0.001), null);
    const controller = new AbortController();
    const waiting = aborted(controller.signal);
    controller.abort('enough');
    await assert.rejects(waiting, { code: 'cancelled', cause: 'enough' });
    await assert.rejects(aborted(controller.signal), { code: 'cancelled' });
  });

  it('is shared by all who call meanwhile, and begins anew after it', async () => {
    let runs = 0;
    const work = shared(async () => {
      runs += 1;
      return runs;
    });
    assert.deepEqual(await Promise.all([work(), work()]), [1, 1]);
    assert.equal(await work(), 2);
  });
});

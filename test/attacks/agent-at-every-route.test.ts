// An agent is given an API key, or a restricted session, and tries whatever the router has.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { passkey } from '../../lib/methods/passkey/index.js';
import { recoveryCode } from '../../lib/methods/recovery-code/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import { parseOptions } from '../../lib/options/index.js';
import { createServices } from '../../lib/services.js';
import { routeTables } from '../../lib/stepgate.js';
import { approvalApp } from '../approvals/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { cleanUp } from '../support/clean-up.js';
import { ORIGIN, SECRET } from '../support/instance.js';

/** What answers everybody, or only what comes with a token of its own. */
const OPEN: Readonly<Record<string, readonly number[]>> = {
  'POST /logout': [204], // ends what it is sent, and nothing else
  'POST /token/refresh': [400], // by a refresh token: with that a restricted session stays restricted
  'POST /sign-in/passkey/options': [200], // for strangers
  'POST /sign-in/passkey': [403],
  'POST /sign-in/options': [400, 403],
  'POST /sign-in/complete': [400, 403],
};

/** What is looked at before who sends it. */
const BODIES: Readonly<Record<string, object>> = {
  'POST /step-up/check': { method: 'key', maxAge: '5m' },
  'POST /totp/confirm': { code: '123456' },
  'POST /passkeys': { challengeId: 'A'.repeat(22), response: {} },
  'PATCH /passkeys/:id': { label: 'mine' },
};

describe('every route of the router', () => {
  for (const who of ['an API key', 'a restricted session'] as const) {
    it(`refuses ${who}, but for those that are for strangers`, async () => {
      const methods = [
        passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] }),
        totp(),
        fakeKey(),
        fakeCode(),
        recoveryCode(),
      ];
      const bank = approvalApp({ methods });
      const services = createServices(
        parseOptions({ secret: SECRET, issuer: ORIGIN, store: bank.store, methods, users: { find: () => null } }),
      );
      cleanUp(() => services.cleanup.close());
      const tables = routeTables(services, { manage: null, listData: false });
      const refusal = who === 'an API key' ? 'api_key_refused' : 'restricted';
      const tried: string[] = [];
      for (const [path, handlers] of tables.flatMap((table) => Object.entries(table))) {
        for (const method of Object.keys(handlers).map((verb) => verb.toUpperCase())) {
          const name = `${method} ${path}`;
          tried.push(name);
          const agent = who === 'an API key' ? bank.agent() : await bank.device();
          const body = BODIES[name] ?? {};
          const response = await agent.send(
            method,
            `/auth${path.replace(':id', 'A'.repeat(22))}`,
            method === 'GET' ? {} : { body },
          );
          const open = OPEN[name];
          if (open === undefined) assert.deepEqual([name, response.status, response.body.code], [name, 403, refusal]);
          else assert.ok(open.includes(response.status), `${name}: ${response.text}`);
        }
      }
      assert.ok(tried.length > 25, String(tried.length));
    });
  }
});

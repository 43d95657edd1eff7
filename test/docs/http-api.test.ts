import assert from 'node:assert/strict';
import { beforeAll, describe, it } from '@jest/globals';
import { methodRoutes } from '../../lib/http/method-routes.js';
import type { RouteTable } from '../../lib/http/router.js';
import { sessionRoutes } from '../../lib/http/routes/sessions.js';
import { signInRoutes } from '../../lib/http/routes/sign-in.js';
import { stepUpRoutes } from '../../lib/http/routes/step-up.js';
import { tokenRoutes } from '../../lib/http/routes/tokens.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { password } from '../../lib/methods/password.js';
import { recoveryCode } from '../../lib/methods/recovery-code/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import { parseOptions } from '../../lib/options/index.js';
import { createServices } from '../../lib/services.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, SECRET, testInstance } from '../support/instance.js';
import { read } from './markdown.js';

const methods = [
  passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] }),
  totp(),
  password({ verify: () => false }),
  recoveryCode(),
] as const;
const users = { find: (id: string) => ({ name: id }) };

const services = createServices(parseOptions({ secret: SECRET, issuer: ORIGIN, store: memoryStore(), methods, users }));
const routes = [
  sessionRoutes(services, { manage: null, listData: false }),
  tokenRoutes(services),
  signInRoutes(services),
  stepUpRoutes(services),
  ...methodRoutes(methods, services),
].flatMap((table: RouteTable) =>
  Object.entries(table).flatMap(([path, handlers]) =>
    Object.keys(handlers).map((method) => [method.toUpperCase(), path] as const),
  ),
);

const [, ...parts] = read('docs/http-api.md').split('## Beside the router')[0]?.split(/^### /m) ?? [];
const documented = new Map(parts.map((part) => [/^`(.*)`$/m.exec(part)?.[1] ?? '', part.split(/^## /m)[0] ?? '']));

/** The names in code letters of a line of a section. */
function named(text: string, line: string): readonly string[] {
  const [, said = ''] = new RegExp(`^${line}: (.*)$`, 'm').exec(text) ?? [];
  return [...said.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

describe('docs/http-api.md', () => {
  beforeAll(() => services.cleanup.close());

  it('has a heading for each route, and no other', () => {
    assert.deepEqual([...documented.keys()].sort(), routes.map((route) => route.join(' ')).sort());
  });

  for (const [method, path] of routes) {
    const text = documented.get(`${method} ${path}`) ?? '';

    it(`says what ${method} ${path} takes and answers`, async () => {
      const { auth } = testInstance({ methods, users });
      const browser = new Browser(testApp(auth).app);
      await browser.signIn({ userId: 'ada' });
      const sent = method === 'GET' ? {} : { body: { '?': 0 } };
      const asked = method === 'GET' ? '?nobody=1' : '';
      const { status, body } = await browser.send(method, `/auth${path.replace(':id', 'A'.repeat(22))}${asked}`, sent);
      assert.match(text, /^Answers: 20\d/m);
      if (method === 'GET') {
        const [, taken = ''] = status === 400 ? (/takes (.*) in its query/.exec(body.detail) ?? []) : [];
        assert.deepEqual(named(text, 'Query'), taken === '' ? [] : taken.split(', '));
        return;
      }
      assert.equal(status, 400, JSON.stringify(body));
      const [, taken = ''] = /^This route takes (.*)\.$/.exec(body.detail) ?? [];
      assert.deepEqual(named(text, 'Body'), taken === 'no fields' ? [] : taken.split(', '));
      assert.match(text, /^Body: /m);
    });
  }
});

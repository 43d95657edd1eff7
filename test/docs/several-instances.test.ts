import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from '@jest/globals';
import type { Express } from 'express';
import type { Stepgate } from '../../lib/index.js';
import { signedIn } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { SECRET } from '../support/instance.js';
import { compile } from './compile.js';
import { codeBlocks, read } from './markdown.js';

const [inOneApp = '', tenantsOf = ''] = codeBlocks(read('docs/several-instances.md'), 'ts').map(({ text }) => text);

describe('docs/several-instances.md', () => {
  it('keeps customers and staff apart, tenants too', async () => {
    Object.assign(process.env, { STEPGATE_SECRET: SECRET, STAFF_SECRET: `${SECRET}, of staff` });
    const folder = compile('several-instances', {
      'one-app': `${inOneApp.replaceAll("'app.db'", "process.env['KITS_DB'] ?? ''")}\nexport { app, customers, staff };`,
      tenants: `import express from 'express'; const app = express();
        ${tenantsOf.replaceAll("'app.db'", "process.env['KITS_DB'] ?? ''")}
        app.get('/me', (_req, res) => { res.json({}); }); export { app, tenants };`,
    });
    process.env['KITS_DB'] = join(folder, 'app.db');
    const load = (name: string): Promise<unknown> => import(pathToFileURL(join(folder, `${name}.js`)).href);

    const { app, customers, staff } = (await load('one-app')) as { app: Express; customers: Stepgate; staff: Stepgate };
    cleanUp(() => Promise.all([customers.close(), staff.close()]));
    const customer = await signedIn(customers, { userId: '1' });
    const employee = await signedIn(staff, { userId: '1' });
    const browser = new Browser(app);
    assert.deepEqual((await browser.get('/me', customer)).body, { customer: '1' });
    assert.deepEqual((await browser.get('/staff/me', employee)).body, { staff: '1' });
    const asStaff = customer.headers['cookie']?.replace('__Host-session', '__Host-staff');
    for (const headers of [customer.headers, { ...customer.headers, cookie: asStaff }]) {
      assert.equal((await browser.get('/staff/me', { headers })).status, 401);
    }
    const both = `${customer.headers['cookie']}; ${employee.headers['cookie']}`;
    for (const path of ['/me', '/staff/me'])
      assert.equal((await browser.get(path, { headers: { cookie: both } })).status, 200);

    const hosts = (await load('tenants')) as { app: Express; tenants: Map<string, Stepgate<'passkey'>> };
    const [acme, globex] = hosts.tenants.values();
    assert.ok(acme && globex);
    cleanUp(() => Promise.all([acme.close(), globex.close()]));
    const { headers } = await signedIn(acme, { userId: 'ada' });
    const visit = async (host: string): Promise<number> =>
      (await new Browser(hosts.app).get('/me', { headers: { ...headers, host } })).status;
    assert.deepEqual(await Promise.all(['acme.example', 'globex.example', 'evil.example'].map(visit)), [200, 401, 404]);
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { password, type Stepgate, type StepgateOptions, stepgate } from '../../lib/index.js';
import { postgresMigrations } from '../../lib/stores/postgres/index.js';
import { sqliteStore } from '../../lib/stores/sqlite/index.js';
import { describeOnPostgres } from '../stores/postgres/support.js';
import { cleanUp } from '../support/clean-up.js';
import { describeIfPresent } from '../support/needs.js';
import { missingRedis, startRedisServer } from '../support/redis-server.js';
import { createProject, type Packed, type Project, pack } from './project.js';

const SECRET = 'the secret of one test: it stands in no output';
const OPTIONS = { secret: SECRET, issuer: 'https://app.example' };

let packed: Packed;
beforeAll(() => {
  packed = pack();
});
afterAll(() => packed.remove());

/** A project whose config is this, with the packages that it needs. */
function projectWith(config: string, packages: readonly string[] = ['better-sqlite3']): Project {
  const project = createProject(packed);
  for (const name of packages) project.link(name);
  project.write('stepgate.config.js', config);
  return project;
}

const sqliteConfig = (more = ''): string => `
  import { password, stepgate } from 'stepgate';
  import { sqliteStore } from 'stepgate/sqlite';
  export default stepgate({
    ...${JSON.stringify(OPTIONS)},
    store: sqliteStore('app.db'),
    methods: [password({ verify: () => false })],
    ${more}
  });`;

/** The app beside the command, on the same file. */
function appOf(project: Project, more: Partial<StepgateOptions> = {}): Stepgate<'password'> {
  const store = sqliteStore(join(project.folder, 'app.db'));
  const methods = [password({ verify: () => false })];
  const auth = stepgate({ ...OPTIONS, store, ...more, methods });
  cleanUp(() => auth.close());
  return auth;
}

async function signIn(
  auth: Stepgate<'password'>,
  userId: string,
  userAgent = 'test',
  ip = '203.0.113.7',
): Promise<string> {
  const req = Object.assign(new IncomingMessage(new Socket()), { ip });
  Object.assign(req.headers, { 'user-agent': userAgent, 'sec-fetch-site': 'same-origin' });
  const { session } = await auth.signIn(req, new ServerResponse(req), { userId, method: 'password' });
  return session.id;
}

describe('npx stepgate', () => {
  it('runs from the packed package in a project that has nothing else', async () => {
    const project = createProject(packed);
    const run = (): string =>
      execFileSync('npx', ['--no-install', 'stepgate', 'secret'], { cwd: project.folder, encoding: 'utf8' });
    const [first, second] = [run(), run()];
    assert.match(first, /^[\w-]{43}\n$/);
    assert.equal(Buffer.from(first, 'base64url').length, 32);
    assert.notEqual(first, second);
  });

  it('says where it looked for a config', async () => {
    const { status, stderr } = await createProject(packed).stepgate('sessions', 'list');
    assert.equal(status, 1);
    assert.match(stderr, /There is no stepgate\.config\.js in .*default export/);
  });
});

describe('the config of npx stepgate', () => {
  const store = "sqliteStore('app.db')";
  const options = `{ ...${JSON.stringify(OPTIONS)}, store: ${store} }`;
  const IMPORT = "import { sqliteStore } from 'stepgate/sqlite';";
  const REQUIRE = "const { sqliteStore } = require('stepgate/sqlite');";

  for (const [what, file, text] of [
    ['options', 'stepgate.config.mjs', `${IMPORT} export default ${options};`],
    ['a promise of options', 'stepgate.config.mjs', `${IMPORT} export default Promise.resolve(${options});`],
    [
      'an instance in CommonJS',
      'stepgate.config.cjs',
      `${REQUIRE} module.exports = require('stepgate').stepgate(${options});`,
    ],
    [
      'options as a compiler writes CommonJS',
      'stepgate.config.cjs',
      `${REQUIRE} Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${options};`,
    ],
  ] as const) {
    it(`may be ${what}`, async () => {
      const project = createProject(packed);
      project.link('better-sqlite3');
      project.write(file, text);
      const { status, stdout, stderr } = await project.stepgate('sessions', 'list', '--json');
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
    });
  }

  it('may be TypeScript where jiti is, with imports as the compiler finds them', async () => {
    const project = createProject(packed);
    for (const name of ['better-sqlite3', 'jiti']) project.link(name);
    project.write('options.ts', `${IMPORT} export const options: object = ${options};`);
    project.write('stepgate.config.ts', "import { options } from './options.js'; export default options as object;");
    assert.deepEqual(await project.stepgate('sessions', 'list', '--json'), { status: 0, stdout: '', stderr: '' });
  });

  it('says what to install for TypeScript where Node does not read it', async () => {
    if ('typescript' in process.features) return; // a Node that does, or says that it doesn't
    const project = createProject(packed);
    project.write('stepgate.config.ts', 'export default {};');
    const { status, stderr } = await project.stepgate('sessions', 'list');
    assert.equal(status, 1);
    assert.match(stderr, /npm install --save-dev jiti/);
  });

  it('may have any name and place', async () => {
    const project = createProject(packed);
    project.link('better-sqlite3');
    project.write('auth.mjs', `${IMPORT} export default ${options};`);
    assert.equal((await project.stepgate('sessions', 'list', '--config', 'auth.mjs')).status, 0);
    const { status, stderr } = await project.stepgate('sessions', 'list', '-c', 'other.mjs');
    assert.equal(status, 1);
    assert.match(stderr, /There is no file .*other\.mjs/);
  });

  for (const [what, text, message] of [
    ['nothing', 'export const auth = 1;', /must export the instance or its options/],
    ['no options', 'export default { secret: 1 };', /`issuer`|`secret`|`store`/],
    ['an error', "throw new Error('canary');", /canary/],
  ] as const) {
    it(`ends with 1, and says why, for one that exports ${what}`, async () => {
      const project = createProject(packed);
      project.write('stepgate.config.js', text);
      const { status, stdout, stderr } = await project.stepgate('sessions', 'list');
      assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
      assert.match(stderr, message);
    });
  }
});

describe('npx stepgate sessions', () => {
  it('lists 10,000 sessions, each once', async () => {
    const project = projectWith(sqliteConfig());
    const auth = appOf(project, { collect: { ip: false } });
    const ids: string[] = [];
    for (let batch = 0; batch < 20; batch++) {
      ids.push(...(await Promise.all(Array.from({ length: 500 }, (_, n) => signIn(auth, `user ${n}`)))));
    }
    const { status, stdout, stderr } = await project.stepgate('sessions', 'list', '--json');
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    const listed = stdout
      .trimEnd()
      .split('\n')
      .map((line): { id: string } => JSON.parse(line));
    assert.deepEqual(listed.map(({ id }) => id).sort(), ids.sort());

    const text = await project.stepgate('sessions', 'list', '--limit', '1500');
    assert.equal(text.stdout.trimEnd().split('\n').length, 1_501);
    const ofUser = await project.stepgate('sessions', 'list', '--user', 'user 7', '--json');
    assert.equal(ofUser.stdout.trimEnd().split('\n').length, 20);
    for (const output of [stdout, text.stdout, ofUser.stdout]) assert.ok(!output.includes(SECRET));
  });

  it('writes out what would move the cursor of a terminal or turn its text', async () => {
    const project = projectWith(sqliteConfig());
    await signIn(appOf(project), 'ada', '\u001b[2Jclear\u202e\u009b31m');
    const { stdout } = await project.stepgate('sessions', 'list');
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    assert.match(stdout, /203\.0\.113\.7 +.*clear/);
  });

  it('ends sessions by id, of a user, and all of a user but one', async () => {
    const project = projectWith(sqliteConfig());
    const auth = appOf(project);
    const [first = '', second = '', third = '', other = ''] = await Promise.all(
      ['ada', 'ada', 'ada', 'bea'].map((user) => signIn(auth, user)),
    );
    const live = async (): Promise<readonly string[]> =>
      (await auth.sessions.list()).sessions.map(({ id }) => id).sort();

    const one = await project.stepgate('sessions', 'end', first);
    assert.deepEqual(one, { status: 0, stdout: 'Ended: 1.\n', stderr: '' });
    const again = await project.stepgate('sessions', 'end', first);
    assert.equal(again.status, 1);
    assert.match(again.stdout, new RegExp(`no live session ${first}`));
    const others = await project.stepgate('sessions', 'end', '--user', 'ada', '--except', second);
    assert.equal(others.stdout, 'Ended: 1.\n');
    assert.deepEqual(await live(), [second, other].sort());
    assert.ok(third !== '');
    const all = await project.stepgate('sessions', 'end', '--user', 'ada');
    assert.equal(all.stdout, 'Ended: 1.\n');
    assert.deepEqual(await live(), [other]);
  });

  it('tells stepgate of the config what happened', async () => {
    const project = projectWith(sqliteConfig('onEvent: ({ type, by }) => console.error(type, by),'));
    const id = await signIn(appOf(project), 'ada');
    assert.equal((await project.stepgate('sessions', 'end', id)).stderr, 'session.revoked admin\n');
  });

  it('ends with 1, and says what lies behind it, when the store fails', async () => {
    const project = projectWith(sqliteConfig('onEvent() {},').replace("'app.db'", "'no/such/folder/app.db'"));
    const { status, stderr } = await project.stepgate('sessions', 'list', '--json');
    assert.equal(status, 1);
    assert.match(stderr, /because: .*directory/i);
  });
});

describe('npx stepgate methods', () => {
  it('unlocks a method of a user', async () => {
    const project = projectWith(sqliteConfig('onEvent: (event) => console.error(JSON.stringify(event)),'));
    const { status, stdout, stderr } = await project.stepgate('methods', 'unlock', 'ada', 'password');
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'Unlocked.\n' });
    const { type, userId, method } = JSON.parse(stderr);
    assert.deepEqual({ type, userId, method }, { type: 'method.unlocked', userId: 'ada', method: 'password' });
    const unknown = await project.stepgate('methods', 'unlock', 'ada', 'pin');
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /There is no method `pin`/);
  });
});

/** What `doctor` says of one thing. */
interface Finding {
  readonly check: string;
  readonly verdict: string;
  readonly message: string;
  readonly help?: string;
}

async function examine(
  project: Project,
): Promise<{ status: number; wrong: readonly Finding[]; all: readonly Finding[] }> {
  const { status, stdout, stderr } = await project.stepgate('doctor', '--json');
  assert.equal(stderr, '');
  assert.ok(!stdout.includes(SECRET));
  const all: readonly Finding[] = JSON.parse(stdout);
  return { status, all, wrong: all.filter(({ verdict }) => verdict === 'wrong') };
}

describe('npx stepgate doctor', () => {
  it('finds nothing wrong where nothing is, in words for people and for programs', async () => {
    const project = projectWith(sqliteConfig());
    const { status, all } = await examine(project);
    assert.equal(status, 0);
    assert.deepEqual(new Set(all.map(({ verdict }) => verdict)), new Set(['ok']));
    assert.match(all.find(({ check }) => check === 'packages')?.message ?? '', /better-sqlite3 12\.11\.1/);
    const { stdout } = await project.stepgate('doctor');
    assert.equal(stdout.trimEnd().split('\n').length, all.length);
  });

  it('finds that no proxy is trusted, by the addresses of the sessions', async () => {
    const project = projectWith(sqliteConfig());
    const auth = appOf(project);
    for (const user of ['ada', 'bea', 'cy']) await signIn(auth, user, 'test', '10.0.0.4');
    const { status, wrong } = await examine(project);
    assert.equal(status, 1);
    assert.deepEqual(
      wrong.map(({ check }) => check),
      ['proxy'],
    );
    assert.match(
      `${wrong[0]?.message} ${wrong[0]?.help}`,
      /All 3 sessions, of 3 users, come from 10\.0\.0\.4.*'trust proxy', 1/,
    );
    await signIn(auth, 'dan', 'test', '10.0.0.5');
    assert.equal((await examine(project)).status, 0);
  });

  it('finds what the app itself says of proxies', async () => {
    const appWith = (setting: string): string =>
      `${sqliteConfig()}\nimport express from 'express'; export const app = express(); ${setting}`;
    for (const [setting, verdict, status] of [
      ["app.set('trust proxy', true);", 'wrong', 1],
      ['', 'warning', 0],
      ["app.set('trust proxy', 1);", 'ok', 0],
    ] as const) {
      const found = await examine(projectWith(appWith(setting), ['better-sqlite3', 'express']));
      assert.equal(found.all.find(({ check }) => check === 'proxy')?.verdict, verdict, setting);
      assert.equal(found.status, status);
    }
  });

  it('finds that a driver is missing', async () => {
    const { status, wrong } = await examine(projectWith(sqliteConfig(), []));
    assert.equal(status, 1);
    assert.match(wrong[0]?.message ?? '', /better-sqlite3, which isn't installed\. Run `npm install better-sqlite3/);
    const pg = await examine(projectWith("import pg from 'pg'; export default pg;", []));
    assert.deepEqual(pg.wrong, [
      { check: 'config', verdict: 'wrong', message: "pg isn't installed.", help: 'Run `npm install pg`.' },
    ]);
    const passkeys = await examine(projectWith("import 'stepgate/passkey';", []));
    assert.match(passkeys.wrong[0]?.message ?? '', /^@simplewebauthn\/server isn't installed/);
  });

  describeIfPresent('on a Node before 22', Number(process.versions['napi']) >= 10 ? 'Node 20' : undefined, () => {
    it('finds better-sqlite3 13, which would crash the process', async () => {
      const project = projectWith(sqliteConfig(), []);
      mkdirSync(join(project.folder, 'node_modules/better-sqlite3'));
      project.write('node_modules/better-sqlite3/package.json', '{ "version": "13.2.0", "main": "main.js" }');
      project.write('node_modules/better-sqlite3/main.js', 'process.abort();');
      const { status, wrong } = await examine(project);
      assert.equal(status, 1);
      assert.match(wrong[0]?.message ?? '', /better-sqlite3 13\.2\.0 doesn't run on Node .*better-sqlite3@12/);
    });
  });

  it('finds a store of another instance, and says what to do', async () => {
    const project = projectWith(sqliteConfig());
    const other = appOf(project, { issuer: 'https://other.example' });
    await other.ready();
    const { status, wrong } = await examine(project);
    assert.equal(status, 1);
    assert.match(wrong[0]?.message ?? '', /belongs to an instance with another `issuer`.*`prefix`/);
    assert.equal((await project.stepgate('migrate', '--realm')).status, 0);
    assert.equal((await examine(project)).status, 0);
  });

  it('finds an address without https, and warns of one on localhost', async () => {
    const http = await examine(projectWith(sqliteConfig("issuer: 'http://app.example',")));
    assert.deepEqual(
      http.wrong.map(({ check }) => check),
      ['address'],
    );
    const local = await examine(projectWith(sqliteConfig("issuer: 'http://localhost:3000',")));
    assert.equal(local.status, 0);
    assert.equal(local.all.find(({ check }) => check === 'address')?.verdict, 'warning');
  });

  it('finds a clock that is behind', async () => {
    const project = projectWith(sqliteConfig());
    const ahead = Date.now() + 60_000;
    const auth = appOf(project, { clock: { now: () => ahead } });
    await signIn(auth, 'ada');
    assert.deepEqual(
      (await examine(project)).wrong.map(({ check }) => check),
      ['clock'],
    );
  });

  describeIfPresent('with Redis', missingRedis, () => {
    it('finds a server that forgets keys', async () => {
      const server = await startRedisServer(['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru']);
      cleanUp(() => server.stop());
      const project = projectWith(
        `import { createClient } from 'redis';
         import { redisStore } from 'stepgate/redis';
         const client = createClient({ socket: { path: ${JSON.stringify(server.path)}, tls: false } });
         await client.connect();
         export default { ...${JSON.stringify(OPTIONS)}, store: redisStore(client) };`,
        ['redis'],
      );
      const { status, wrong } = await examine(project);
      assert.equal(status, 1);
      assert.match(wrong[0]?.message ?? '', /maxmemory-policy allkeys-lru.*noeviction/);
    });
  });
});

/** Of the migration, from an empty database. */
const STEPS = postgresMigrations().length;

describeOnPostgres('npx stepgate', (database) => {
  async function projectOnPostgres(): Promise<Project> {
    const {
      host,
      port,
      user,
      password: pass,
      database: name,
      connectionString,
      options,
    } = (await database.pool()).options;
    const config = { host, port, user, password: pass, database: name, connectionString, options };
    return projectWith(
      `import pg from 'pg';
       import { postgresStore } from 'stepgate/postgres';
       const pool = new pg.Pool(${JSON.stringify(config)});
       export default { ...${JSON.stringify(OPTIONS)}, store: postgresStore(pool, { prefix: 'staff' }) };`,
      ['pg'],
    );
  }

  it('finds, prints and makes the tables that are missing', async () => {
    const project = await projectOnPostgres();
    const before = await examine(project);
    assert.equal(before.status, 1);
    assert.match(
      `${before.wrong[0]?.message} ${before.wrong[0]?.help}`,
      new RegExp(`isn't migrated: ${STEPS} steps.*npx stepgate migrate`),
    );
    assert.deepEqual(await project.stepgate('migrate', '--check'), {
      status: 1,
      stdout: `Missing steps: ${STEPS}.\n`,
      stderr: '',
    });
    assert.deepEqual(await project.stepgate('migrate'), { status: 0, stdout: `Steps done: ${STEPS}.\n`, stderr: '' });
    assert.equal((await project.stepgate('migrate', '--check')).status, 0);
    assert.equal((await examine(project)).status, 0);
    assert.deepEqual(await project.stepgate('migrate', '--sql'), { status: 0, stdout: '', stderr: '' });
  });

  it('migrates each store of one that is put together of several', async () => {
    const project = await projectOnPostgres();
    project.link('better-sqlite3');
    project.write(
      'stepgate.config.js',
      `import { sqliteStore } from 'stepgate/sqlite';\n${readFileSync(
        join(project.folder, 'stepgate.config.js'),
        'utf8',
      ).replace(/store: (.*) };$/, "store: { ...$1, ...sqliteStore('app.db'), passkeys: $1.passkeys } };")}`,
    );
    assert.match((await examine(project)).wrong[0]?.message ?? '', new RegExp(`isn't migrated: ${STEPS} steps`));
    assert.equal((await project.stepgate('migrate', '--check')).stdout, `Missing steps: ${STEPS}.\n`);
    assert.deepEqual(await project.stepgate('migrate'), { status: 0, stdout: `Steps done: ${STEPS}.\n`, stderr: '' });
    assert.equal((await examine(project)).status, 0);
  });

  it('prints SQL that makes the tables, for deploys whose app may not', async () => {
    const project = await projectOnPostgres();
    const { status, stdout } = await project.stepgate('migrate', '--sql');
    assert.equal(status, 0);
    assert.equal(stdout.match(/^BEGIN;$/gm)?.length, STEPS);
    const schema = /search_path=(\w+)/.exec(readFileSync(join(project.folder, 'stepgate.config.js'), 'utf8'))?.[1];
    await database.admin().query(`SET search_path = ${schema}; ${stdout}; RESET search_path`);
    assert.equal((await project.stepgate('migrate', '--check')).status, 0);
    assert.equal((await examine(project)).status, 0);
  });
});

describe('npx stepgate migrate', () => {
  it('says that SQLite needs none, and makes the file', async () => {
    const project = projectWith(sqliteConfig());
    assert.equal((await project.stepgate('migrate', '--check')).status, 0);
    assert.match((await project.stepgate('migrate', '--sql')).stdout, /^-- /);
    assert.deepEqual(await project.stepgate('migrate'), { status: 0, stdout: 'The store is ready.\n', stderr: '' });
  });
});

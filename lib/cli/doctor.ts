import nodeModule from 'node:module';
import { BlockList, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { SetupError } from '../internal/setup-error.js';
import type { Inspection } from '../options/inspection.js';
import type { Session } from '../stores/contract/sessions.js';
import type { Call, Command } from './command.js';
import type { Config } from './config.js';
import { pendingOf } from './migrations.js';
import { messageOf, printable } from './output.js';

/** `wrong`: it fails, or is unsafe. `warning`: it may be meant so. `skipped`: what comes before it is wrong. */
type Verdict = 'ok' | 'warning' | 'wrong' | 'skipped';

interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly message: string;
  /** What to do. */
  readonly help?: string;
}

export const doctor: Command = {
  about: 'look for what is set up wrongly, and say what to do',
  options: { json: { type: 'boolean', about: 'print the findings as one JSON list' } },
  async run(call) {
    const findings = await examine(call);
    await call.print(
      call.values['json'] === true ? `${JSON.stringify(findings, null, 2)}\n` : findings.map(asText).join(''),
    );
    return findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
  },
};

async function examine(call: Call): Promise<readonly Finding[]> {
  const before = [checkNode(), checkPackages(call.folder)];
  let config: Config;
  try {
    config = await call.config();
  } catch (error) {
    const skipped = ['address', 'store', 'proxy', 'clock'].map((check) => {
      return { check, verdict: 'skipped', message: 'The config could not be loaded.' } as const;
    });
    return [...before, wrongConfig(error), ...skipped];
  }
  const { inspection, instance, app } = config;
  const found = [...before, ok('config', 'It exports an instance or its options.'), checkAddress(inspection)];
  const store = await checkStore(config);
  found.push(store);
  if (store.verdict === 'wrong') {
    found.push({ check: 'proxy', verdict: 'skipped', message: 'The store could not be read.' });
    found.push({ check: 'clock', verdict: 'skipped', message: 'The store could not be read.' });
    return found;
  }
  // By id, which is random: a sample of all users' sessions.
  const { sessions } = await instance.sessions.list({ limit: 1_000 });
  return [...found, checkProxy(inspection, app, sessions), checkClock(inspection, sessions)];
}

function ok(check: string, message: string): Finding {
  return { check, verdict: 'ok', message };
}

const OLDEST_NODE = [20, 19] as const;

function checkNode(): Finding {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return ok('node', node);
  return { check: 'node', verdict: 'wrong', message: `Node ${node} is too old.`, help: 'Use Node 20.19 or newer.' };
}

/** What stepgate may use and leaves to the app to install. */
const PACKAGES = [
  'better-sqlite3',
  'pg',
  'redis',
  'ioredis',
  '@simplewebauthn/server',
  'otpauth',
  '@opentelemetry/api',
];

/** Which of them the app has: that one is missing, or doesn't run here, is said by whoever needs it. */
function checkPackages(folder: string): Finding {
  const from = nodeModule.createRequire(join(folder, 'any.js'));
  const found = PACKAGES.flatMap((name) => {
    const version = versionOf(from, name);
    return version === null ? [] : [`${name} ${version}`];
  });
  return ok('packages', found.length === 0 ? 'none of those that stores and methods use' : found.join(', '));
}

/** From its folder in `node_modules`, since not every package exports its package.json. */
function versionOf(from: NodeJS.Require, name: string): string | null {
  for (const folder of from.resolve.paths(name) ?? []) {
    try {
      return (from(join(folder, name, 'package.json')) as { readonly version: string }).version;
    } catch {
      // It isn't in this folder.
    }
  }
  return null;
}

function wrongConfig(error: unknown): Finding {
  const finding = { check: 'config', verdict: 'wrong', message: messageOf(error) } as const;
  if (error instanceof SetupError) return finding; // its message has the help
  const { code } = (error ?? {}) as { code?: unknown }; // anything can be thrown
  const [, name] = /Cannot find (?:package|module) '((?:@[^/']+\/)?[^./'][^/']*)/.exec(finding.message) ?? [];
  if (name === undefined || (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND')) return finding;
  return { ...finding, message: `${name} isn't installed.`, help: `Run \`npm install ${name}\`.` };
}

function checkAddress({ issuer, insecureCookies }: Inspection): Finding {
  const { protocol, host } = new URL(issuer);
  if (isLocal(issuer)) {
    return {
      check: 'address',
      verdict: 'warning',
      message: `The issuer is on ${host}${insecureCookies ? ', and cookies are not Secure' : ''}.`,
      help: "Right for development. Where users sign in, write the address that they see: 'https://app.example'.",
    };
  }
  if (protocol === 'https:') return ok('address', issuer);
  return {
    check: 'address',
    verdict: 'wrong',
    message: `The issuer ${issuer} is http: browsers take no \`__Host-\` cookie, and have no passkeys there.`,
    help: 'Serve the app by https, and write `https://` in `issuer`.',
  };
}

function isLocal(issuer: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(issuer).hostname);
}

async function checkStore({ instance, inspection }: Config): Promise<Finding> {
  try {
    const pending = (await pendingOf(inspection.store)) ?? [];
    if (pending.length > 0) {
      return {
        check: 'store',
        verdict: 'wrong',
        message: `The database isn't migrated: ${pending.length} steps are missing.`,
        help: 'Run `npx stepgate migrate`, or have `npx stepgate migrate --sql` run by who may change tables.',
      };
    }
    const start = performance.now();
    await instance.ready();
    return ok('store', `It answers in ${Math.ceil(performance.now() - start)} ms and belongs to this instance.`);
  } catch (error) {
    const finding = { check: 'store', verdict: 'wrong', message: messageOf(error) } as const;
    return error instanceof SetupError
      ? finding
      : { ...finding, help: 'Look whether it runs and can be reached from here.' };
  }
}

const MANY = 3;

/** By the addresses of the sessions that are there, and by the setting of the app where the config exports it. */
function checkProxy({ issuer }: Inspection, app: unknown, sessions: readonly Session[]): Finding {
  const trust = trustOf(app);
  const help = "Write `app.set('trust proxy', 1)` for one proxy in front of the app; see docs/deployment.md.";
  if (trust === true) {
    const message = 'The app trusts every proxy: clients can write any address they like.';
    return { check: 'proxy', verdict: 'wrong', message, help };
  }
  const seen = sessions.filter(({ ip }) => ip !== null);
  const addresses = new Set(seen.map(({ ip }) => ip ?? ''));
  const [address = ''] = addresses;
  const users = new Set(seen.map(({ userId }) => userId));
  const trusts = trust !== false && trust !== null;
  if (!trusts && addresses.size === 1 && seen.length >= MANY && users.size > 1 && isPrivate(address)) {
    const message = `All ${seen.length} sessions, of ${users.size} users, come from ${printable(address)}: that is the proxy.`;
    return { check: 'proxy', verdict: 'wrong', message, help };
  }
  if (trusts) return ok('proxy', 'The app says which proxies it trusts.');
  if (trust === false && !isLocal(issuer)) {
    const message = 'The app trusts no proxy: behind one, every session has the address of the proxy.';
    return { check: 'proxy', verdict: 'warning', message, help: `${help} Right where nothing is in front of the app.` };
  }
  return ok('proxy', 'Nothing in the sessions speaks against it.');
}

/** Null where the config exports no Express app. */
function trustOf(app: unknown): unknown {
  if (typeof app !== 'function' || !('get' in app) || typeof app.get !== 'function') return null;
  const { get } = app as { get(setting: string): unknown }; // an Express app; whatever else has a `get` may answer what it likes
  return get.call(app, 'trust proxy') ?? false;
}

const PRIVATE = new BlockList();
PRIVATE.addSubnet('127.0.0.0', 8);
PRIVATE.addSubnet('10.0.0.0', 8);
PRIVATE.addSubnet('172.16.0.0', 12);
PRIVATE.addSubnet('192.168.0.0', 16);
PRIVATE.addSubnet('169.254.0.0', 16);
PRIVATE.addSubnet('100.64.0.0', 10);
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** What machines may differ by (the instance's `clockTolerance`). */
const TOLERANCE = 5_000;

function checkClock({ clock }: Inspection, sessions: readonly Session[]): Finding {
  const latest = Math.max(...sessions.map(({ createdAt }) => createdAt));
  const ahead = latest - clock.now();
  if (ahead <= TOLERANCE) return ok('clock', 'No session is dated ahead of it.');
  return {
    check: 'clock',
    verdict: 'wrong',
    message: `A session was made ${Math.ceil(ahead / 1_000)} s ahead of the clock of this machine.`,
    help: 'Keep the clocks of all machines right (NTP).',
  };
}

function asText({ check, verdict, message, help }: Finding): string {
  const lines = [
    `${verdict.padEnd(7)}  ${check}: ${printable(message)}`,
    ...(help === undefined ? [] : [`         ${help}`]),
  ];
  return `${lines.join('\n')}\n`;
}

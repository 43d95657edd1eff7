import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from '@jest/globals';
import { SetupError } from '../lib/internal/setup-error.js';
import { type Policy, parseOptions, type Settings, type StepgateOptions } from '../lib/options/index.js';
import { memoryStore } from '../lib/stores/memory/index.js';

const SECRET = 'canary-canary-canary-canary-canary';
const required = { secret: SECRET, issuer: 'https://app.example', store: memoryStore() };

/** As code without types may write it. */
function read(options: object): Settings {
  return parseOptions({ ...required, ...options });
}

function assertSetupError(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof SetupError && error instanceof TypeError, inspect(error));
    assert.match(error.message, message);
    assert.ok(error.message.endsWith(error.help) && error.help.length > 10);
    assert.equal(error.code, 'setup_error');
    assert.ok(!inspect(error).includes('canary'), 'the secret is in the error');
    return true;
  });
}

const NO_STRINGS = [null, 7, true, {}, [], () => 'x', Symbol('x')];
const method = {
  name: 'pin',
  acr: null,
  amr: [],
  guessable: true,
  needs: [],
  enrolled: () => true,
  verify: () => null,
};

/** The wrong values of each option, and what the message has to say. */
const WRONG: Readonly<Record<string, readonly [values: readonly unknown[], message: RegExp]>> = {
  secret: [
    [undefined, '', [], [undefined], ['', SECRET], [undefined, SECRET], [SECRET, '']],
    /`secret` is missing.*process\.env\.STEPGATE_SECRET/,
  ],
  'secret (short)': [
    [
      'x'.repeat(31),
      [SECRET, 'x'.repeat(31)],
      [SECRET, null],
      [[SECRET]],
      new Uint8Array(32),
      ...NO_STRINGS.filter((value) => !Array.isArray(value)),
    ],
    /`secret` must be .* 32 bytes.*openssl/,
  ],
  issuer: [
    [
      undefined,
      '',
      'app.example',
      '//app.example',
      'ftp://app.example',
      'javascript:alert(1)',
      'https://',
      new URL('https://app.example'),
      ...NO_STRINGS,
    ],
    /`issuer`.*https:\/\/app\.example/,
  ],
  store: [
    [
      undefined,
      null,
      'app.db',
      memoryStore,
      new Map(),
      {},
      { sessions: undefined },
      { sessions: null },
      { sessions: {} },
      memoryStore().sessions,
    ],
    /`store`.*`memoryStore\(\)`/,
  ],
  methods: [
    [null, 'pin', method, [null], ['pin'], [{ name: 'pin' }], [{ ...method, name: '' }], [{ ...method, verify: 1 }]],
    /`methods`.*passkey/,
  ],
  users: [[{}, { find: 1 }, { find: null }], /`users\.find`/],
  'users (no object)': [[null, 'x', 5, () => null], /`users`/],
  audience: [['', ...NO_STRINGS], /`audience`/],
  delivery: [['Cookie', 'header', '', 'constructor', ...NO_STRINGS], /`delivery`.*'cookie', 'bearer', 'token-cookies'/],
  cookieName: [['', 'a b', 'a;b', 'a=b', 'ä', 'x'.repeat(65), 'a\n', ...NO_STRINGS], /`cookieName`.*letters/],
  'cookieName (taken)': [
    ['access', 'refresh', 'sign-in', 'staff-access', 'staff-refresh', 'staff-sign-in'],
    /`cookieName` is taken.*`access`.*`refresh`.*`sign-in`/,
  ],
  'cookieName (prefix)': [
    ['__Host-a', '__host-a', '__HOST-session', '__Secure-a', '__secure-a'],
    /`cookieName` must not have a prefix.*`__Host-` is put before/,
  ],
  deliveries: [
    [null, 'cookie', [], ['Cookie'], ['cookie', 'header'], ['cookie', null], [['cookie']], {}, 7],
    /`deliveries` must be a list.*'cookie', 'bearer', 'token-cookies'/,
  ],
  'deliveries (without stepgate’s own)': [
    [['bearer'], ['bearer', 'token-cookies']],
    /`delivery` must be one of `deliveries`.*'bearer'/,
  ],
  requestProperty: [['', 'a b', 'a-b', '1a', 'ä', true, ...NO_STRINGS], /`requestProperty` must be a name.*false/],
  'requestProperty (taken)': [
    ['url', 'headers', 'on', 'constructor', '__proto__', 'body', 'query', 'session', 'res'],
    /`requestProperty` is taken/,
  ],
  insecureCookies: [[null, 'true', 1, 0, {}], /`insecureCookies`.*boolean/],
  trustedOrigins: [
    [
      null,
      'https://a.example',
      {},
      ['https://a.example/'],
      ['https://a.example/x'],
      ['a.example'],
      ['HTTPS://a.example'],
      ['https://a.example:443'],
      ['capacitor://localhost/'],
      ['capacitor://localhost/path'],
      ['capacitor:localhost'],
      ['capacitor://'],
      ['chrome-extension://'],
      ['data:text/html,x'],
      ['blob:https://a.example'],
      ['javascript://x y'],
      [7],
      [null],
    ],
    /`trustedOrigins`.*https:\/\/admin\.app\.example/,
  ],
  'trustedOrigins (wildcards)': [
    [
      ['*'],
      ['capacitor://*'],
      ['https://*.a.example'],
      ['https://*.a.example/'],
      ['https://a.example', '*.a.example'],
      ['https://a.*'],
    ],
    /`trustedOrigins` takes no wildcard.*every origin by itself.*https:\/\/admin\.app\.example/,
  ],
  'trustedOrigins (nobody’s)': [
    [['null'], ['file://'], ['file:'], ['FILE://x'], ['https://a.example', 'null']],
    /`trustedOrigins` can't take '(?:null|file:[/x]*)', which pages of strangers send.*https:\/\/admin\.app\.example/i,
  ],
  csrf: [['Strict', 'none', '', false, null, 'toString'], /`csrf`.*'standard', 'strict'/],
  maxSessionsPerUser: [
    [null, 0, -1, 1.5, '3', Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, true],
    /`maxSessionsPerUser`.*no limit/,
  ],
  policy: [
    [null, 'aal2', 'NIST-AAL2', '', 'constructor', '__proto__', 1],
    /`policy`.*'nist-aal2', 'nist-aal3', 'psd2'/,
  ],
  apiKeys: [[{ prefix: 'k_' }, { prefix: 'k_', verify: null }, { prefix: 'k_', verify: 'x' }], /`apiKeys\.verify`/],
  'apiKeys (no prefix)': [
    [{ verify: () => null }, { prefix: '', verify: () => null }, { prefix: 7, verify: () => null }],
    /`apiKeys\.prefix`/,
  ],
  'apiKeys (no object)': [[null, 'k_', 5, () => null], /`apiKeys`/],
  onRefusal: [[null, 'log', {}, 1], /`onRefusal`.*function/],
  onEvent: [[null, 'log', {}, 1], /`onEvent`.*function/],
  collect: [[null, 5, 'ip', { ip: 1 }, { userAgent: null }, { address: false }], /`collect/],
  clock: [[null, {}, 5, 'now', { now: 5 }, () => 0], /`clock`.*now/],
};

const DURATIONS = [
  'idleLifetime',
  'absoluteLifetime',
  'accessTokenLifetime',
  'refreshGrace',
  'tokenOverlap',
  'touchInterval',
  'storeTimeout',
  'cleanupInterval',
] as const;
const NO_DURATIONS = [
  null,
  '',
  '5',
  'm',
  '5ms',
  '5 m',
  ' 5m',
  '5m ',
  '-5m',
  '+5m',
  '1.5h',
  '1e3s',
  '5M',
  '５m',
  '5minutes',
  '0x5s',
  '9999999999d',
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e300,
  true,
  {},
  [],
  ['5m'],
  5n,
];

describe('stepgate', () => {
  for (const [name, [values, message]] of Object.entries(WRONG)) {
    for (const value of values) {
      const what = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).slice(0, 60);
      it(`refuses ${what} for ${name} and says what to write`, () => {
        assertSetupError(() => read({ [name.split(' ')[0] ?? '']: value }), message);
      });
    }
  }

  for (const name of DURATIONS) {
    for (const value of NO_DURATIONS) {
      it(`refuses ${inspect(value)} for ${name}`, () => {
        assertSetupError(() => read({ [name]: value }), new RegExp(`\`${name}\`.*'30s', '5m', '12h' or '30d'`));
      });
    }
    it(`takes ${name} in seconds and with each unit`, () => {
      // Far apart, so that no check of one against another is in the way.
      const others = { idleLifetime: '400d', absoluteLifetime: '400d' };
      for (const [value, expected] of [
        ['90s', 90_000],
        ['2m', 120_000],
        ['1h', 3_600_000],
        ['1d', 86_400_000],
        [1.5, 1_500],
        [0.001, 1],
      ] as const) {
        assert.equal(read({ ...others, [name]: value })[name], expected);
      }
    });
  }

  it('takes 0 only where it switches something off', () => {
    for (const name of DURATIONS) {
      for (const zero of [0, '0s', '0d']) {
        if (name === 'refreshGrace' || name === 'tokenOverlap') assert.equal(read({ [name]: zero })[name], 0);
        else assertSetupError(() => read({ [name]: zero }), new RegExp(`\`${name}\``));
      }
    }
  });

  it('refuses to write "last seen" less often than a session may go unseen', () => {
    const message = /`touchInterval`.*`idleLifetime`/;
    assertSetupError(() => read({ idleLifetime: '15m', touchInterval: '15m' }), message);
    assertSetupError(() => read({ policy: 'psd2', touchInterval: '10m' }), message);
    read({ idleLifetime: '15m', touchInterval: '14m' });
  });

  for (const options of [undefined, null, 'secret', 5, () => ({})]) {
    it(`refuses ${inspect(options)} for the options`, () => {
      assertSetupError(
        () => parseOptions(options as unknown as StepgateOptions),
        /`stepgate\(\{ secret, issuer, store \}\)`/,
      );
    });
  }

  for (const [misspelt, meant] of [
    ['idleLifeTime', 'idleLifetime'],
    ['idletime', 'idleLifetime'],
    ['secrets', 'secret'],
    ['cookiename', 'cookieName'],
    ['insecureCookie', 'insecureCookies'],
    ['trustedOrigin', 'trustedOrigins'],
    ['onevent', 'onEvent'],
    ['maxSessionPerUser', 'maxSessionsPerUser'],
  ] as const) {
    it(`refuses the option ${misspelt} and suggests ${meant}`, () => {
      assertSetupError(
        () => read({ [misspelt]: 'x' }),
        new RegExp(`\`options\\.${misspelt}\`.*Did you mean \`${meant}\`\\?`),
      );
    });
  }

  it('refuses an option that is nothing like ours, and one with a symbol', () => {
    assertSetupError(() => read({ resave: false }), /`options\.resave` is unknown.*`secret`/);
    assertSetupError(() => read({ [Symbol('x')]: 1 }), /is unknown/);
    assertSetupError(
      () => read({ apiKeys: { prefix: 'k_', verify: () => null, verfy: 1 } }),
      /Did you mean `verify`\?/,
    );
  });

  it('takes undefined for an option that was left out', () => {
    const left = Object.fromEntries(
      Object.keys(WRONG)
        .concat(DURATIONS)
        .filter((name) => !(name in required))
        .map((name) => [name.split(' ')[0], undefined]),
    );
    const { clock: _clock, secrets: _secrets, ...settings } = read({ ...left, ...required });
    const { clock: _clock2, secrets: _secrets2, ...defaults } = parseOptions(required);
    assert.deepEqual(settings, defaults);
  });

  it('has the defaults of the design', () => {
    const { secrets, store, clock, ...settings } = parseOptions(required);
    assert.equal(secrets.length, 1);
    assert.equal(store, required.store);
    assert.ok(Math.abs(clock.now() - Date.now()) < 60_000);
    assert.deepEqual(settings, {
      issuer: 'https://app.example',
      origin: 'https://app.example',
      methods: [],
      session: null,
      users: null,
      audience: 'https://app.example',
      delivery: 'cookie',
      deliveries: ['cookie', 'bearer', 'token-cookies'],
      cookieName: 'session',
      insecureCookies: false,
      trustedOrigins: [],
      csrf: 'standard',
      idleLifetime: 7 * 86_400_000,
      absoluteLifetime: 30 * 86_400_000,
      accessTokenLifetime: 600_000,
      refreshGrace: 30_000,
      tokenOverlap: 10_000,
      voidsOnMismatch: false,
      touchInterval: 60_000,
      storeTimeout: 5_000,
      maxSessionsPerUser: null,
      collect: { ip: true, userAgent: true },
      cleanupInterval: 3_600_000,
      requestProperty: 'auth',
      apiKeys: null,
      approvals: { lifetime: 600_000, page: null, records: null },
      onRefusal: null,
      onEvent: undefined,
    });
  });

  it('writes "last seen" at least twenty times in an idle lifetime', () => {
    assert.equal(read({ idleLifetime: '5m' }).touchInterval, 15_000);
    assert.equal(read({ idleLifetime: '20m' }).touchInterval, 60_000);
    assert.equal(read({ idleLifetime: '21m' }).touchInterval, 60_000);
    assert.equal(read({ idleLifetime: '5m', touchInterval: '1m' }).touchInterval, 60_000);
  });
});

describe('the secret', () => {
  it('may have exactly 32 bytes, whatever its characters', () => {
    assert.equal(read({ secret: 'x'.repeat(32) }).secrets.length, 1);
    assert.equal(read({ secret: 'ü'.repeat(16) }).secrets.length, 1);
    assertSetupError(() => read({ secret: '€'.repeat(10) }), /32 bytes/);
  });

  it('may be a list whose older ones are undefined between two rotations', () => {
    const older = 'another secret of thirty-two bytes';
    assert.equal(read({ secret: [SECRET, undefined] }).secrets.length, 1);
    assert.equal(read({ secret: [SECRET, undefined, older] }).secrets.length, 2);
    assert.equal(read({ secret: [SECRET, older] }).secrets[0].id, read({ secret: SECRET }).secrets[0].id);
  });
});

describe('insecureCookies', () => {
  for (const issuer of [
    'http://localhost',
    'http://localhost:3000',
    'http://LOCALHOST:3000/x',
    'https://localhost',
    'http://127.0.0.1:8080',
    'http://[::1]:3000',
  ]) {
    it(`are for ${issuer}`, () => assert.equal(read({ issuer, insecureCookies: true }).insecureCookies, true));
  }
  for (const issuer of [
    'https://app.example',
    'http://app.example',
    'http://localhost.evil.example',
    'http://127.0.0.2',
    'http://10.0.0.1',
    'http://[::2]',
    'http://0.0.0.0:3000',
    'http://localhost@evil.example',
    'http://app.localhost',
  ]) {
    it(`are not for ${issuer}`, () => {
      assertSetupError(() => read({ issuer, insecureCookies: true }), /`insecureCookies`.*localhost.*https/);
      assert.equal(read({ issuer, insecureCookies: false }).insecureCookies, false);
    });
  }
});

describe('a policy', () => {
  const policies: Readonly<Record<Policy, readonly [idle: number, absolute: number]>> = {
    'nist-aal2': [3_600_000, 86_400_000],
    'nist-aal3': [900_000, 43_200_000],
    psd2: [300_000, 43_200_000],
  };
  for (const [policy, [idleLifetime, absoluteLifetime]] of Object.entries(policies)) {
    it(`of ${policy} sets lifetimes and makes the rest strict`, () => {
      const settings = read({ policy });
      const { csrf, refreshGrace, tokenOverlap } = settings;
      assert.deepEqual([settings.idleLifetime, settings.absoluteLifetime], [idleLifetime, absoluteLifetime]);
      assert.deepEqual([csrf, refreshGrace, tokenOverlap], ['strict', 0, 0]);
      assert.equal(settings.touchInterval, Math.min(60_000, idleLifetime / 20));
    });
  }

  it('gives way to options beside it, and not to those that are undefined', () => {
    const settings = read({ policy: 'psd2', idleLifetime: '2m', csrf: 'standard', refreshGrace: undefined });
    assert.deepEqual([settings.idleLifetime, settings.csrf, settings.refreshGrace], [120_000, 'standard', 0]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Rule } from '../../lib/step-up/rule.js';
import { stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertAsked } from '../step-up/refusals.js';
import { assertRefused } from '../support/answers.js';
import { echoRefusal } from '../support/app.js';
import { Browser } from '../support/browser.js';

// Two of them have the same acr, one has none.
const key = fakeKey('key', { acr: 'phr' });
const card = fakeKey('card', { acr: 'phr' });
const code = fakeCode('code', { acr: 'urn:app:code' });
const word = fakeCode('word');
const methods = [key, card, code, word];

/** What a user who has all of them is asked for. */
const ASKED: readonly (readonly [
  rule: Rule<string>,
  header: { acr_values?: string; max_age: string },
  json: { rule: object; missing: readonly (readonly string[])[]; methods: readonly string[] },
])[] = [
  [
    { method: 'key', maxAge: '5m' },
    { acr_values: 'phr', max_age: '300' },
    { rule: { method: 'key', maxAge: 300 }, missing: [['key']], methods: ['key'] },
  ],
  [
    { method: 'word', maxAge: 90 },
    { max_age: '90' },
    { rule: { method: 'word', maxAge: 90 }, missing: [['word']], methods: ['word'] },
  ],
  [
    { method: ['code', 'key', 'card', 'code'], maxAge: '12h' },
    { acr_values: 'urn:app:code phr', max_age: '43200' },
    {
      rule: { method: ['code', 'key', 'card'], maxAge: 43_200 },
      missing: [['code'], ['key'], ['card']],
      methods: ['code', 'key', 'card'],
    },
  ],
  [
    {
      anyOf: [
        { method: 'key', maxAge: '10m' },
        {
          allOf: [
            { method: 'word', maxAge: '5m' },
            { method: 'code', maxAge: '1m' },
          ],
        },
      ],
    },
    { acr_values: 'phr urn:app:code', max_age: '60' },
    {
      rule: {
        anyOf: [
          { method: 'key', maxAge: 600 },
          {
            allOf: [
              { method: 'word', maxAge: 300 },
              { method: 'code', maxAge: 60 },
            ],
          },
        ],
      },
      missing: [['key'], ['word', 'code']],
      methods: ['key', 'word', 'code'],
    },
  ],
];

describe('the refusal of a step-up guard', () => {
  for (const [rule, header, json] of ASKED) {
    it(`says by RFC 9470 and in JSON what would do: ${JSON.stringify(rule)}`, async () => {
      const { signIn, told } = stepUpApp({ methods, rules: { '/guarded': rule } });
      const browser = await signIn();
      const { id } = (await browser.get('/me')).body.session;
      const asked = assertAsked(await browser.post('/guarded'), header);
      assert.deepEqual(asked, {
        rule: json.rule,
        reason: 'missing',
        missing: json.missing,
        methods: json.methods.map((method) => ({ method, enrolled: true })),
      });
      assert.deepEqual(told('step-up.asked'), [
        { type: 'step-up.asked', userId: 'ada', sessionId: id, methods: json.methods },
      ]);
    });
  }

  it('says that a proof was there and is too old', async () => {
    const app = stepUpApp({ methods, rules: { '/guarded': { method: 'key', maxAge: '5m' } } });
    const browser = await app.signIn();
    await stepUp(browser, key);
    app.clock.advance('5m');
    const asked = assertAsked(await browser.post('/guarded'), { acr_values: 'phr', max_age: '300' });
    assert.equal(asked.reason, 'expired');
  });

  it('says which of the methods the user has', async () => {
    const own = fakeCode('own');
    own.users.clear();
    own.users.add('bea');
    const { signIn } = stepUpApp({
      methods: [key, own],
      rules: { '/guarded': { method: ['own', 'key'], maxAge: '5m' } },
    });
    const asked = assertAsked(await (await signIn()).post('/guarded'), { acr_values: 'phr', max_age: '300' });
    assert.deepEqual(asked.methods, [
      { method: 'own', enrolled: false },
      { method: 'key', enrolled: true },
    ]);
  });

  it('has no body for the headers of a HEAD request, and the same challenge', async () => {
    const { signIn } = stepUpApp();
    const response = await (await signIn()).send('HEAD', '/key');
    assert.equal(response.status, 401);
    assert.match(response.headers['www-authenticate'] ?? '', /^Bearer error="insufficient_user_authentication"/);
  });

  it('goes to onRefusal of the instance, and before it to that of the guard', async () => {
    const app = stepUpApp({ onRefusal: echoRefusal });
    const browser = await app.signIn();
    const { body } = await browser.post('/key');
    assert.equal(body.code, 'step_up_required');
    assert.equal(body.status, 401);
    assert.match(body.headers['WWW-Authenticate'], /insufficient_user_authentication/);

    const own = stepUpApp({
      onRefusal: () => assert.fail('the guard has its own'),
      routes: (auth) => ({
        '/own': [auth.requireFreshStepUp({ method: 'key', maxAge: '5m' }, { onRefusal: echoRefusal })],
      }),
    });
    assert.equal((await new Browser(own.app).post('/own')).status, 418);
  });
});

/** RFC 9470 9: the requirement is disclosed to those who are signed in only. */
describe('somebody who is not signed in', () => {
  const strangers = {
    'no credential': [{}, 'session_required'],
    'a malformed cookie': [{ Cookie: '__Host-session=x' }, 'session_invalid'],
    'a cookie that nobody issued': [{ Cookie: `__Host-session=${'A'.repeat(43)}` }, 'session_invalid'],
    'a bearer token that nobody issued': [{ Authorization: 'Bearer e30.e30.e30' }, 'session_invalid'],
  } as const;

  for (const [who, [headers, refusal]] of Object.entries(strangers)) {
    it(`learns nothing of the rule with ${who}`, async () => {
      const { app, told } = stepUpApp();
      assertRefused(await new Browser(app).post('/key', { headers }), 401, refusal);
      assert.deepEqual(told('step-up.asked'), []);
    });
  }
});

describe('a rule that the user can’t meet', () => {
  const few = fakeCode('few');
  few.users.clear();
  const unmeetable: readonly (readonly [
    rule: Rule<string>,
    json: object,
    methods: readonly (readonly [string, boolean])[],
  ])[] = [
    [{ method: 'few', maxAge: '5m' }, { method: 'few', maxAge: 300 }, [['few', false]]],
    [
      {
        allOf: [
          { method: 'key', maxAge: '5m' },
          { method: 'few', maxAge: '5m' },
        ],
      },
      {
        allOf: [
          { method: 'key', maxAge: 300 },
          { method: 'few', maxAge: 300 },
        ],
      },
      [
        ['key', true],
        ['few', false],
      ],
    ],
    [
      {
        anyOf: [
          { method: 'few', maxAge: '5m' },
          {
            allOf: [
              { method: 'few', maxAge: '5m' },
              { method: 'key', maxAge: '5m' },
            ],
          },
        ],
      },
      {
        anyOf: [
          { method: 'few', maxAge: 300 },
          {
            allOf: [
              { method: 'few', maxAge: 300 },
              { method: 'key', maxAge: 300 },
            ],
          },
        ],
      },
      [
        ['few', false],
        ['key', true],
      ],
    ],
  ];

  for (const [rule, json, ofUser] of unmeetable) {
    it(`is refused for good, with what could be set up: ${JSON.stringify(rule)}`, async () => {
      const app = stepUpApp({ methods: [key, few], rules: { '/guarded': rule } });
      const browser = await app.signIn();
      await stepUp(browser, key); // what the user has doesn't help
      for (let turn = 0; turn < 2; turn += 1) {
        const response = await browser.post('/guarded');
        assert.equal(response.status, 403);
        assert.equal(response.headers['www-authenticate'], undefined);
        assert.equal(response.headers['cache-control'], 'no-store');
        const { code: said, rule: told, methods: list } = response.body;
        assert.equal(said, 'step_up_unavailable');
        assert.deepEqual(told, json);
        assert.deepEqual(
          list,
          ofUser.map(([method, enrolled]) => ({ method, enrolled })),
        );
      }
      assert.deepEqual(app.passed, []);
      assert.deepEqual(app.told('step-up.asked'), []);
    });
  }

  it('can be met once the user has the method', async () => {
    const late = fakeCode('late');
    late.users.clear();
    const app = stepUpApp({ methods: [key, late], rules: { '/guarded': { method: 'late', maxAge: '5m' } } });
    const browser = await app.signIn();
    assert.equal((await browser.post('/guarded')).status, 403);
    late.users.add('ada');
    assert.equal((await browser.post('/guarded')).status, 401);
    await stepUp(browser, late);
    assert.equal((await browser.post('/guarded')).status, 200);
  });

  for (const oneTime of [false, true]) {
    const name = oneTime ? 'met by a proof of a one-time method' : 'not met by a proof';
    it(`is ${name} that is still fresh when the user no longer has it`, async () => {
      const gone = { ...fakeCode('gone'), oneTime };
      const app = stepUpApp({ methods: [key, gone], rules: { '/guarded': { method: 'gone', maxAge: '5m' } } });
      const browser = await app.signIn();
      await stepUp(browser, gone);
      assert.equal((await browser.post('/guarded')).status, 200);
      gone.users.clear();
      assert.equal((await browser.post('/guarded')).status, oneTime ? 200 : 403);
      app.clock.advance('5m');
      assert.equal((await browser.post('/guarded')).body.code, 'step_up_unavailable');
    });
  }
});

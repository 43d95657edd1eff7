import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from '@jest/globals';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import bodyParser from 'body-parser';
import { SetupError } from '../../lib/internal/setup-error.js';
import { type OpenTelemetryOptions, openTelemetry } from '../../lib/opentelemetry/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { begin, type StepUpApp, stepUpApp } from '../step-up/app.js';
import { fakeCode } from '../step-up/fake-methods.js';
import type { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';

interface Telemetry {
  spans(): readonly ReadableSpan[];
  /** Of a counter: its values by their attributes. */
  counted(name: string): Promise<ReadonlyMap<string, number>>;
}

/** The SDK as an app registers it, with exporters that keep everything. */
function register(): Telemetry {
  const exporter = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 60_000 });
  const meters = new MeterProvider({ readers: [reader] });
  trace.setGlobalTracerProvider(tracers);
  metrics.setGlobalMeterProvider(meters);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  cleanUp(async () => {
    for (const api of [trace, metrics, context]) api.disable();
    await meters.shutdown();
    await tracers.shutdown();
  });
  return {
    spans: () => exporter.getFinishedSpans(),
    async counted(name) {
      await meters.forceFlush();
      const all =
        exported
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      const found = all.find(({ descriptor }) => descriptor.name === name);
      return new Map(
        found?.dataPoints.map(({ attributes, value }) => [JSON.stringify(attributes), Number(value)] as const),
      );
    },
  };
}

function app(options: OpenTelemetryOptions = {}, more: object = {}): StepUpApp {
  const code = fakeCode();
  code.users.add('ada.lovelace');
  return stepUpApp({
    methods: [code],
    rules: { '/code': { method: 'code', maxAge: '5m' } },
    routes: (auth) => ({
      '/pay': [
        bodyParser.json(),
        auth.requireFreshStepUp({ method: 'code', bind: ({ body }) => ({ to: body['to'] }) }),
      ],
    }),
    onEvent: openTelemetry(options),
    ...more,
  });
}

/** Signs in, steps up with a guess before the right answer, and is refused a payment. */
async function walk({ signIn }: StepUpApp): Promise<Browser> {
  const browser = await signIn('ada.lovelace');
  const { challengeId } = await begin(browser, 'code');
  const answer = { method: 'code', challengeId, response: { code: 'code' } };
  assert.equal((await browser.post('/auth/step-up/verify', { body: answer })).status, 200);
  const asked = await browser.post('/pay', { body: { to: 'bea' } });
  assert.equal(asked.status, 401);
  const wrong = { method: 'code', challengeId: asked.body.challenge.id, response: { code: 'a wrong one' } };
  assert.equal((await browser.post('/auth/step-up/verify', { body: wrong })).status, 403);
  return browser;
}

const WALK = [
  { 'stepgate.event': 'session.created', 'stepgate.methods': ['password'] },
  { 'stepgate.event': 'step-up.succeeded', 'stepgate.method': 'code' },
  { 'stepgate.event': 'step-up.asked', 'stepgate.methods': ['code'] },
  { 'stepgate.event': 'step-up.failed', 'stepgate.method': 'code', 'stepgate.reason': 'rejected' },
];

describe('openTelemetry', () => {
  it('makes spans of a sign-in, a step-up and a refused confirmation, in the order of events', async () => {
    const telemetry = register();
    const { clock, ...rest } = app();
    await walk({ clock, ...rest });
    const spans = telemetry.spans();
    assert.deepEqual(
      spans.map(({ attributes }) => attributes),
      WALK,
    );
    assert.deepEqual(
      spans.map(({ name }) => name),
      WALK.map((attributes) => `stepgate ${attributes['stepgate.event']}`),
    );
    for (const { startTime, duration } of spans) {
      assert.equal(startTime[0] * 1_000 + Math.round(startTime[1] / 1e6), clock.now());
      assert.deepEqual(duration, [0, 0]);
    }
  });

  it('counts each event by the same attributes', async () => {
    const telemetry = register();
    const instance = app();
    await walk(instance);
    await instance.signIn('bea');
    assert.deepEqual(
      await telemetry.counted('stepgate.events'),
      new Map(WALK.map((attributes, index) => [JSON.stringify(attributes), index === 0 ? 2 : 1])),
    );
  });

  it('puts no token, user id, session id, address or answer in any of it', async () => {
    const telemetry = register();
    const browser = await walk(app());
    const { session } = (await browser.get('/auth/session')).body;
    const shown = [
      inspect(
        telemetry.spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
        {
          depth: 9,
        },
      ),
      ...(await telemetry.counted('stepgate.events')).keys(),
    ].join('\n');
    const secrets = [...browser.cookies.values(), session.id, 'ada.lovelace', '127.0.0.1', 'a wrong one'];
    for (const secret of secrets) assert.ok(!shown.includes(secret), secret);
  });

  it('puts who it is about in spans only, where it is asked to', async () => {
    const telemetry = register();
    const { auth, ...instance } = app({ personalData: true });
    await walk({ auth, ...instance });
    const [session] = (await auth.sessions.listForUser('ada.lovelace')).sessions;
    for (const { attributes } of telemetry.spans()) {
      assert.deepEqual([attributes['user.id'], attributes['session.id']], ['ada.lovelace', session?.id]);
    }
    assert.match(String(telemetry.spans()[0]?.attributes['client.address']), /127\.0\.0\.1$/);
    for (const attributes of (await telemetry.counted('stepgate.events')).keys()) {
      assert.doesNotMatch(attributes, /ada|user|session\.id|127/);
    }
  });

  it('hangs a span under that of the request', async () => {
    const telemetry = register();
    const { signIn } = app();
    await trace.getTracer('app').startActiveSpan('request', async (request) => {
      await signIn('ada');
      request.end();
    });
    const [created, request] = telemetry.spans();
    assert.equal(created?.parentSpanContext?.spanId, request?.spanContext().spanId);
  });

  it('tells of an error its type and never its message', async () => {
    const telemetry = register();
    const memory = memoryStore();
    const get = (): never => {
      throw Object.assign(new Error('the row of ada.lovelace'), { code: 'ECONNREFUSED' });
    };
    const { auth } = app({}, { store: { ...memory, sessions: { ...memory.sessions, get } } });
    await assert.rejects(async () => auth.sessions.get('A'.repeat(22)));
    const [span] = telemetry.spans();
    assert.deepEqual(span?.attributes, {
      'stepgate.event': 'dependency.failed',
      'stepgate.operation': 'sessions.get',
      'error.type': 'ECONNREFUSED',
    });
    assert.equal(span?.status.code, 2);
    assert.deepEqual([span?.status.message, span?.events], [undefined, []]);
  });

  it('counts expired sessions that were deleted', async () => {
    const telemetry = register();
    const { auth, clock, signIn } = app();
    await Promise.all(['ada', 'bea', 'cy'].map((user) => signIn(user)));
    clock.advance('31d');
    await auth.sessions.deleteExpired();
    assert.deepEqual([...(await telemetry.counted('stepgate.sessions.expired')).values()], [3]);
  });

  it('does nothing where no provider is registered, and leaves stepgate alone', async () => {
    await walk(app());
  });

  it('refuses options that it does not know', () => {
    const wrong = { personaldata: true } as OpenTelemetryOptions;
    assert.throws(() => openTelemetry(wrong), { name: 'SetupError', message: /Did you mean `personalData`\?/ });
    assert.throws(() => openTelemetry({ personalData: 1 } as never), SetupError);
  });
});

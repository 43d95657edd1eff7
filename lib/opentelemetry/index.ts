import { type Attributes, type Counter, metrics, SpanStatusCode, trace } from '@opentelemetry/api';
import type { StepgateEvent } from '../events.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';

export interface OpenTelemetryOptions {
  /**
   * Whether spans have `user.id`, `session.id` and `client.address`. These are personal data; metrics never have them.
   * @default false
   */
  readonly personalData?: boolean;
}

type Type = StepgateEvent['type'];
type EventOf<T extends Type> = Extract<StepgateEvent, { readonly type: T }>;

/** Of each event what is of a small set of values, none of it about a person. The compiler asks for new events. */
const FIELDS = {
  'session.created': ['methods'],
  'session.refreshed': [],
  'session.refresh-reused': [],
  'session.revoked': ['by'],
  'session.refused': ['reason'],
  'sessions.expired-deleted': [],
  'impersonation.started': [], // its `reason` is what a person wrote
  'impersonation.ended': [],
  'step-up.asked': ['methods'],
  'step-up.succeeded': ['method'],
  'step-up.failed': ['method', 'reason'],
  'step-up.locked': ['method'],
  'step-up.dropped': [],
  'grant.spent': ['method'],
  'approval.requested': [],
  'approval.approved': ['method'],
  'approval.denied': [],
  'approval.withdrawn': [],
  'approval.expired': [],
  'approval.spent': ['method'],
  'method.enrolled': ['method'],
  'method.removed': ['method'],
  'method.disabled': ['method'],
  'method.unlocked': ['method'],
  'passkey.counter-regressed': [],
  'totp.weak-secret': [],
  'touch.failed': [],
  'dependency.failed': ['operation'],
} as const satisfies { readonly [T in Type]: readonly (keyof EventOf<T>)[] };

interface Instruments {
  readonly events: Counter;
  readonly expiredSessions: Counter;
  readonly droppedTouches: Counter;
}

/**
 * Makes a listener for the instance's `onEvent`: each event is counted, and is a span of no length under the span of the
 * request that it happened in. It goes to the providers that the app has registered by the first event; without any it
 * does nothing. No token, user id or address is in an attribute, unless `personalData` asks for the latter two.
 * Throws a `SetupError` for options that it doesn't know.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): (event: StepgateEvent) => void {
  refuseUnknownKeys(options, ['personalData'], 'openTelemetry');
  const { personalData = false } = options;
  if (typeof personalData !== 'boolean') {
    throw new SetupError('`personalData` must be a boolean.', 'Write `true`, or leave it out.');
  }
  // A meter that is taken before there is a provider stays without one.
  let instruments: Instruments | null = null;

  return (event) => {
    instruments ??= createInstruments();
    const attributes = attributesOf(event);
    instruments.events.add(1, attributes);
    if (event.type === 'sessions.expired-deleted') instruments.expiredSessions.add(event.count);
    if (event.type === 'touch.failed') instruments.droppedTouches.add(event.dropped);

    const span = trace.getTracer(NAME).startSpan(`${NAME} ${event.type}`, {
      startTime: event.at,
      attributes: personalData ? { ...attributes, ...personalAttributesOf(event) } : attributes,
    });
    if ('error' in event && event.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(event.at);
  };
}

const NAME = 'stepgate';

function createInstruments(): Instruments {
  const meter = metrics.getMeter(NAME);
  return {
    events: meter.createCounter('stepgate.events', { description: 'What happened', unit: '{event}' }),
    expiredSessions: meter.createCounter('stepgate.sessions.expired', {
      description: 'Expired sessions that were deleted',
      unit: '{session}',
    }),
    droppedTouches: meter.createCounter('stepgate.touches.dropped', {
      description: 'Sessions whose "last seen" was given up',
      unit: '{session}',
    }),
  };
}

function attributesOf(event: StepgateEvent): Attributes {
  const attributes: Attributes = { 'stepgate.event': event.type };
  for (const field of FIELDS[event.type]) {
    // Each list has fields of its own event only.
    const value = (event as unknown as Readonly<Record<string, string | readonly string[]>>)[field];
    attributes[`stepgate.${field}`] = typeof value === 'string' ? value : [...(value ?? [])];
  }
  if ('error' in event && event.error !== undefined) attributes['error.type'] = typeOf(event.error);
  return attributes;
}

/** Never the message: a driver may put values of the row in it. */
function typeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }; // anything can be thrown
  return [code, name].find((text) => typeof text === 'string' && /^[\w.-]{1,40}$/.test(text))?.toString() ?? '_OTHER';
}

function personalAttributesOf(event: StepgateEvent): Attributes {
  return {
    ...('userId' in event && event.userId !== undefined ? { 'user.id': event.userId } : {}),
    ...('sessionId' in event && event.sessionId !== undefined ? { 'session.id': event.sessionId } : {}),
    ...('ip' in event && event.ip !== undefined ? { 'client.address': event.ip } : {}),
  };
}

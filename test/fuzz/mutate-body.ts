import { gzipSync } from 'node:zlib';
import type { Random } from '../support/random.js';
import type { Draft } from './draft.js';
import { flipBit, nastyText, nastyValue, spoilText } from './nasty.js';

export type Mutation = (draft: Draft, random: Random) => void;

type Container = Record<string, unknown>; // or an array, by its indices

/** A place in the JSON body; null where there is none. */
function place(body: unknown, random: Random): { within: Container; key: string } | null {
  let within = containerOf(body);
  for (;;) {
    const keys = within === null ? [] : Object.keys(within);
    if (within === null || keys.length === 0) return null;
    const key = random.pick(keys);
    const deeper = containerOf(within[key]);
    if (deeper === null || Object.keys(deeper).length === 0 || random.chance(0.2)) return { within, key };
    within = deeper;
  }
}

function containerOf(value: unknown): Container | null {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value) ? (value as Container) : null; // any keys will do
}

/** Defined, so that `__proto__` is a key like any other. */
function put(within: Container, key: string, value: unknown): void {
  Object.defineProperty(within, key, { value, enumerable: true, configurable: true, writable: true });
}

const spoilField: Mutation = ({ body }, random) => {
  const found = place(body, random);
  if (found === null) return;
  const value = found.within[found.key];
  put(found.within, found.key, typeof value === 'string' ? spoilText(random, value) : nastyValue(random));
};

const replaceField: Mutation = ({ body }, random) => {
  const found = place(body, random);
  if (found !== null) put(found.within, found.key, nastyValue(random));
};

const dropField: Mutation = ({ body }, random) => {
  const found = place(body, random);
  if (found !== null) delete found.within[found.key];
};

const addField: Mutation = ({ body }, random) => {
  const within = containerOf(body);
  if (within !== null)
    put(within, random.pick(['__proto__', 'constructor', 'code', 'method', nastyText(random)]), nastyValue(random));
};

const wrapField: Mutation = ({ body }, random) => {
  const found = place(body, random);
  if (found !== null) put(found.within, found.key, [found.within[found.key]]);
};

const replaceBody: Mutation = (draft, random) => {
  draft.body = random.chance(0.2) ? undefined : nastyValue(random);
};

const bomb = gzipSync(Buffer.alloc(1_000_000));

/** Bytes that are no JSON any more. */
const spoilBytes: Mutation = (draft, random) => {
  if (draft.body === undefined) return;
  const bytes = Buffer.isBuffer(draft.body) ? draft.body : Buffer.from(JSON.stringify(draft.body));
  const text = bytes.toString('latin1');
  const at = random.below(text.length + 1);
  const forms = [
    () => bytes.subarray(0, at),
    () => flipBit(random, Buffer.from(bytes)),
    () => Buffer.from(`\ufeff${bytes.toString()}`),
    () => Buffer.from(bytes.toString(), 'utf16le'),
    () => Buffer.concat([bytes, Buffer.from(nastyText(random))]),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.of(random.below(256)), bytes.subarray(at)]),
    () => Buffer.from(`{"method":"totp",${text.slice(1)}`, 'latin1'),
    () => Buffer.from(text.replace(/":"/, '":"\\ud800'), 'latin1'),
    () => Buffer.from(`${'['.repeat(30_000)}${']'.repeat(30_000)}`),
    () => Buffer.from(`${text.slice(0, -1)},"label":"${'A'.repeat(66_000)}"}`, 'latin1'),
    () => gzipSync(bytes),
    () => bomb,
  ];
  draft.body = random.pick(forms)();
};

/** Lies about where the body ends. */
export const spoilFraming: Mutation = (draft, random) => {
  const length = Buffer.isBuffer(draft.body) ? draft.body.length : Buffer.byteLength(JSON.stringify(draft.body ?? ''));
  draft.framing = random.pick([
    { headers: [`Content-Length: ${length + 1 + random.below(100)}`], halfway: true },
    { headers: [`Content-Length: ${random.below(length + 1)}`], halfway: true },
    { headers: ['Content-Length: -1'], halfway: true },
    { headers: ['Content-Length: 1e3'], halfway: true },
    { headers: [`Content-Length: ${length}`, `Content-Length: ${length + 1}`], halfway: true },
    { headers: ['Transfer-Encoding: chunked'], halfway: true },
    { headers: ['Transfer-Encoding: chunked', `Content-Length: ${length}`], halfway: true },
    { headers: ['Transfer-Encoding: gzip, chunked'], halfway: true },
    { headers: ['Transfer-Encoding: x'], halfway: true },
    { headers: [], halfway: true },
  ]);
};

export const BODY_MUTATIONS: readonly Mutation[] = [
  spoilField,
  spoilField,
  spoilField,
  replaceField,
  dropField,
  addField,
  wrapField,
  replaceBody,
  spoilBytes,
];

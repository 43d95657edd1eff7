import { readFileSync } from 'node:fs';

export interface Held {
  readonly count: number;
  readonly bytes: number;
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly [readonly string[]] };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** What a heap snapshot holds: objects and closures by their names, the rest by its type. */
export function readSnapshot(file: string): ReadonlyMap<string, Held> {
  const { snapshot, nodes, strings } = JSON.parse(readFileSync(file, 'utf8')) as Snapshot; // V8's format
  const {
    node_fields: fields,
    node_types: [types],
  } = snapshot.meta;
  const [type, name, size] = [fields.indexOf('type'), fields.indexOf('name'), fields.indexOf('self_size')];
  const held = new Map<string, Held>();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const typeName = types[nodes[at + type] ?? 0] ?? '';
    const isNamed = typeName === 'object' || typeName === 'closure';
    const key = isNamed ? `${strings[nodes[at + name] ?? 0]}${typeName === 'closure' ? '()' : ''}` : `(${typeName})`;
    const { count, bytes } = held.get(key) ?? { count: 0, bytes: 0 };
    held.set(key, { count: count + 1, bytes: bytes + (nodes[at + size] ?? 0) });
  }
  return held;
}

export interface Growth {
  readonly name: string;
  readonly before: Held;
  readonly after: Held;
}

/** What has grown, by bytes, most first. */
export function growths(before: ReadonlyMap<string, Held>, after: ReadonlyMap<string, Held>): readonly Growth[] {
  const nothing: Held = { count: 0, bytes: 0 };
  const all = [...after].map(([name, held]) => ({ name, before: before.get(name) ?? nothing, after: held }));
  const grownBy = (growth: Growth): number => growth.after.bytes - growth.before.bytes;
  return all.filter((growth) => grownBy(growth) > 0).sort((a, b) => grownBy(b) - grownBy(a));
}

/** What V8 makes of hot code, and keeps for itself, grows for as long as it finds more to compile. */
const OF_THE_ENGINE: ReadonlySet<string> = new Set(['(code)', '(hidden)']);

/** By how many bytes the program's own objects have grown. */
export function grownBytes(before: ReadonlyMap<string, Held>, after: ReadonlyMap<string, Held>): number {
  const sizeOf = (held: ReadonlyMap<string, Held>): number =>
    [...held].reduce((sum, [name, { bytes }]) => (OF_THE_ENGINE.has(name) ? sum : sum + bytes), 0);
  return sizeOf(after) - sizeOf(before);
}

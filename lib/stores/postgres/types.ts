/**
 * How the answers are read, for each query: `pg` keeps one set of parsers for the whole process, which an app may change,
 * for example to have its own `jsonb` as text. What isn't listed comes as the text that the server sent.
 */
export const TYPES = {
  getTypeParser: (oid: number): ((text: string) => unknown) => PARSERS.get(oid) ?? ((text) => text),
};

const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map([
  [16, (text: string): unknown => text === 't'], // boolean
  [701, Number], // float8
  [3802, (text: string): unknown => JSON.parse(text)], // jsonb
]);

/** A part's operations as they are on a connection: each answers at once. The claim is no part's, see realm.ts. */
export type Synchronous<Part> = {
  readonly [Name in Exclude<keyof Part, 'claim'>]: Part[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Awaited<Result>
    : never;
};

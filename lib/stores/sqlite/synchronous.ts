/** A part's operations as they are on a connection: each answers at once. */
export type Synchronous<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Awaited<Result>
    : never;
};

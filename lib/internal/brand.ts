/**
 * Lets `instanceof` of a public class of errors answer for all copies of this package: an app may well load two of them,
 * one by `import` and one by `require`. A class that extends it is asked as usual.
 */
export function brand(branded: { readonly prototype: object }, name: string): void {
  const mark = Symbol.for(`stepgate.${name}`); // not the class's own name, which a minifier changes
  Object.defineProperty(branded.prototype, mark, { value: true });
  Object.defineProperty(branded, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      if (this !== branded) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === 'object' && value !== null && mark in value;
    },
  });
}

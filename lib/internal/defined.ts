/** Options without `undefined`: one that is given so counts as left out. */
export type Defined<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

/** Every part of a store. One store belongs to one kit, so that nobody signed in to one app is known to another. */
export interface Claimable {
  /**
   * Writes the realm if the store has none yet, and gives the one that it has then: of any number of parallel claims one
   * writes. Parts of one store have one function and one realm.
   */
  readonly claim: (realm: string) => Promise<string>;
}

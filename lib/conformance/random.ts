/** Gives whole numbers from 0 up to `end`, which they never are: the same ones for the same seed. */
export function random(seed: number): (end: number) => number {
  let state = seed | 0;
  // Mulberry32: 32 bits of state are enough to choose by.
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

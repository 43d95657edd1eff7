/*
 * BLAKE3 of a message of one block (https://github.com/BLAKE3-team/BLAKE3-specs, sections 2.1 to 2.3). A session token is
 * one, and is hashed with each request. The general implementation takes four times as long for it, most of that to make
 * and to clear what only longer messages need.
 */
export const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19] as const;
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const ROUNDS = 7;
/** The block is the first and the last of its chunk, and the chunk is the whole tree. */
const CHUNK_START_END_ROOT = 1 | 2 | 8;

// Views, because they read and write little-endian on every machine.
const block = new Uint8Array(BLOCK_BYTES);
const message = new DataView(block.buffer);
const stateBytes = new Uint8Array(64);
const state = new DataView(stateBytes.buffer);
const schedule = makeSchedule();

/** BLAKE3, 32 bytes, of at most 64 bytes. */
export function hashBlock(bytes: Uint8Array): Uint8Array {
  block.fill(0);
  block.set(bytes);
  IV.forEach(setWord);
  setWord(IV[0], 8);
  setWord(IV[1], 9);
  setWord(IV[2], 10);
  setWord(IV[3], 11);
  setWord(0, 12);
  setWord(0, 13);
  setWord(bytes.length, 14);
  setWord(CHUNK_START_END_ROOT, 15);
  for (let at = 0; at < schedule.byteLength; at += 16) {
    mix(0, 16, 32, 48, at);
    mix(4, 20, 36, 52, at + 2);
    mix(8, 24, 40, 56, at + 4);
    mix(12, 28, 44, 60, at + 6);
    mix(0, 20, 40, 60, at + 8);
    mix(4, 24, 44, 48, at + 10);
    mix(8, 28, 32, 52, at + 12);
    mix(12, 16, 36, 56, at + 14);
  }
  for (let at = 0; at < DIGEST_BYTES; at += 4) {
    state.setUint32(at, state.getUint32(at, true) ^ state.getUint32(at + DIGEST_BYTES, true), true);
  }
  return stateBytes.slice(0, DIGEST_BYTES);
}

function setWord(value: number, index: number): void {
  state.setUint32(index * 4, value, true);
}

/** The function G on four words of the state, by their offsets, with the next two words of the message. */
function mix(atA: number, atB: number, atC: number, atD: number, at: number): void {
  let a = state.getUint32(atA, true);
  let b = state.getUint32(atB, true);
  let c = state.getUint32(atC, true);
  let d = state.getUint32(atD, true);
  a = (a + b + message.getUint32(schedule.getUint8(at), true)) | 0;
  d = rotated(d ^ a, 16);
  c = (c + d) | 0;
  b = rotated(b ^ c, 12);
  a = (a + b + message.getUint32(schedule.getUint8(at + 1), true)) | 0;
  d = rotated(d ^ a, 8);
  c = (c + d) | 0;
  b = rotated(b ^ c, 7);
  state.setUint32(atA, a, true);
  state.setUint32(atB, b, true);
  state.setUint32(atC, c, true);
  state.setUint32(atD, d, true);
}

function rotated(word: number, right: number): number {
  return (word >>> right) | (word << (32 - right));
}

/** The offsets of the message's words in the order in which the rounds take them. */
function makeSchedule(): DataView {
  let words = PERMUTATION.map((_, index) => index);
  const order: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    order.push(...words);
    words = PERMUTATION.map((from) => words.at(from) ?? 0);
  }
  return new DataView(Uint8Array.from(order, (word) => word * 4).buffer);
}

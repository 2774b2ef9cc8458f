/**
 * The size to which Postgres compresses a value: its own LZ (src/common/pg_lzcompress.c) with the default
 * strategy, step by step, without writing the bytes. Undefined where it would leave the value as it is.
 *
 * A general compressor such as deflate will not do: it finds what this one does not look for, and values near
 * the limit of an index would be judged wrongly.
 */
export function measurePglz(input: Uint8Array): number | undefined {
  const { length } = input;
  if (length < MIN_INPUT) return undefined;
  const mask = hashSize(length) - 1;
  heads.fill(-1, 0, mask + 1);
  const maxSize = Math.floor((length * (100 - MIN_SAVED_PERCENT)) / 100);
  let size = 0;
  let items = 0;
  let isCompressible = false;
  let at = 0;
  while (at < length) {
    if (size >= maxSize) return undefined;
    if (!isCompressible && size >= FIRST_SUCCESS_BY) return undefined;
    // A control byte says of each of the next eight items which of the two kinds it is.
    if (items % 8 === 0) size += 1;
    items += 1;
    const match = findMatch(input, at, mask);
    isCompressible ||= match > 0;
    size += match === 0 ? 1 : match > LONGEST_SHORT_TAG ? 3 : 2;
    for (const end = at + Math.max(1, match); at < end; at += 1) remember(input, at, mask);
  }
  return size < maxSize ? size : undefined;
}

const MIN_INPUT = 32;
const MIN_SAVED_PERCENT = 25;
const FIRST_SUCCESS_BY = 1024;
/** Where a match is long enough to stop looking; each further candidate lowers it by a tenth. */
const GOOD_MATCH = 128;
const GOOD_DROP_PERCENT = 10;
const LONGEST_MATCH = 273;
const LONGEST_SHORT_TAG = 17;
const HISTORY = 4096;
const FARTHEST_OFFSET = 0x0fff;

/** Per hash the newest position that has it, and per position (modulo the history) the one before. */
const heads = new Int32Array(8192);
const earlier = new Int32Array(HISTORY);

/** The length of the match that is taken here, or 0. */
function findMatch(input: Uint8Array, at: number, mask: number): number {
  let best = 0;
  let goodMatch = GOOD_MATCH;
  let candidate = heads[hashAt(input, at, mask)]!;
  while (candidate >= 0 && at - candidate < FARTHEST_OFFSET) {
    const length = matchLength(input, at, candidate);
    if (length > best) best = length;
    candidate = earlier[candidate % HISTORY]!;
    if (candidate < 0) break;
    if (best >= goodMatch) break;
    goodMatch -= Math.trunc((goodMatch * GOOD_DROP_PERCENT) / 100);
  }
  // A tag takes two bytes.
  return best > 2 ? best : 0;
}

function matchLength(input: Uint8Array, at: number, candidate: number): number {
  const longest = Math.min(LONGEST_MATCH, input.length - at);
  let length = 0;
  while (length < longest && input[at + length] === input[candidate + length]) length += 1;
  return length;
}

function remember(input: Uint8Array, at: number, mask: number): void {
  const hash = hashAt(input, at, mask);
  earlier[at % HISTORY] = heads[hash]!;
  heads[hash] = at;
}

/** Bytes are signed there; near the end only the first one counts. */
function hashAt(input: Uint8Array, at: number, mask: number): number {
  const signed = (index: number) => (input[index]! << 24) >> 24;
  if (input.length - at < 4) return signed(at) & mask;
  return ((signed(at) << 6) ^ (signed(at + 1) << 4) ^ (signed(at + 2) << 2) ^ signed(at + 3)) & mask;
}

function hashSize(length: number): number {
  if (length < 128) return 512;
  if (length < 256) return 1024;
  if (length < 512) return 2048;
  return length < 1024 ? 4096 : 8192;
}

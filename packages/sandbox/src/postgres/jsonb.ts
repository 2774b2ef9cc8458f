import { encodeNumeric } from './numeric.js';

/**
 * A JSON value as Postgres stores it in a jsonb column, without the four bytes of length before it
 * (src/include/utils/jsonb.h): a header, one entry of four bytes per key and value, then their bytes. The
 * exact bytes matter, since they are what is compressed.
 */
export function encodeJsonb(value: Record<string, unknown>): Uint8Array {
  const writer: Writer = { bytes: Buffer.alloc(1024), length: 0 };
  writeContainer(writer, value);
  return writer.bytes.subarray(0, writer.length);
}

type Writer = { bytes: Buffer; length: number };

const STRING = 0;
const NUMERIC = 0x10000000;
const FALSE = 0x20000000;
const TRUE = 0x30000000;
const NULL = 0x40000000;
const CONTAINER = 0x50000000;
const OBJECT_HEADER = 0x20000000;
const ARRAY_HEADER = 0x40000000;
/** One entry in 32 says where its value ends; the others say how long it is. */
const HAS_OFFSET = 0x80000000;
const OFFSET_STRIDE = 32;

function writeContainer(writer: Writer, value: Record<string, unknown> | unknown[]): void {
  pad(writer);
  const pairs = Array.isArray(value) ? [] : sortPairs(value);
  const items: unknown[] = Array.isArray(value) ? value : pairs.map((pair) => pair.value);
  const header = Array.isArray(value) ? ARRAY_HEADER | value.length : OBJECT_HEADER | pairs.length;
  reserve(writer, 4);
  writer.bytes.writeUInt32LE(header, writer.length);
  writer.length += 4;
  const entriesAt = writer.length;
  const entries = pairs.length + items.length;
  reserve(writer, entries * 4);
  writer.length += entries * 4;
  const start = writer.length;
  for (let index = 0; index < entries; index += 1) {
    const before = writer.length;
    const kind =
      index < pairs.length
        ? writeBytes(writer, pairs[index]!.key)
        : writeValue(writer, items[index - pairs.length]);
    const entry =
      index % OFFSET_STRIDE === 0 ? kind + HAS_OFFSET + writer.length - start : kind + writer.length - before;
    writer.bytes.writeUInt32LE(entry, entriesAt + index * 4);
  }
}

/** Writes a value and returns the kind that its entry names. */
function writeValue(writer: Writer, value: unknown): number {
  if (typeof value === 'string') return writeBytes(writer, Buffer.from(value));
  if (typeof value === 'number') {
    pad(writer);
    writeBytes(writer, encodeNumeric(value));
    return NUMERIC;
  }
  if (typeof value === 'boolean') return value ? TRUE : FALSE;
  if (typeof value !== 'object' || value === null) return NULL;
  writeContainer(writer, value as Record<string, unknown> | unknown[]);
  return CONTAINER;
}

/** Shorter keys first, then by their bytes. */
function sortPairs(value: Record<string, unknown>): { key: Buffer; value: unknown }[] {
  return Object.entries(value)
    .map(([key, item]) => ({ key: Buffer.from(key), value: item }))
    .sort((a, b) => a.key.length - b.key.length || a.key.compare(b.key));
}

function writeBytes(writer: Writer, bytes: Uint8Array): number {
  reserve(writer, bytes.length);
  writer.bytes.set(bytes, writer.length);
  writer.length += bytes.length;
  return STRING;
}

/** Numbers and containers begin at a multiple of four. */
function pad(writer: Writer): void {
  reserve(writer, 3);
  while (writer.length % 4 !== 0) {
    writer.bytes[writer.length] = 0;
    writer.length += 1;
  }
}

function reserve(writer: Writer, bytes: number): void {
  if (writer.length + bytes <= writer.bytes.length) return;
  const grown = Buffer.alloc(Math.max(writer.bytes.length * 2, writer.length + bytes));
  grown.set(writer.bytes.subarray(0, writer.length));
  writer.bytes = grown;
}

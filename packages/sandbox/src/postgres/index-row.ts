import { measurePglz } from './pglz.js';

/** A third of a page, less what is kept for the page and the row: a longer row is an error of the insert. */
export const LONGEST_INDEX_ROW = 2704;

/** Varlena with up to so many bytes has one byte of length, and no alignment. */
const LONGEST_SHORT = 126;
/** From here on a value of an index is compressed if it can be. */
const COMPRESS_FROM = 510;
const ROW_HEADER = 8;
const ROW_HEADER_WITH_NULLS = 16;

/** A column of fixed width by its bytes and alignment, any other by its content; null where it is null. */
export type IndexColumn = { bytes: number; align: number } | { content: Uint8Array } | null;

/** Bytes that a btree row of these columns takes (src/backend/access/common/indextuple.c). */
export function measureIndexRow(columns: readonly IndexColumn[]): number {
  const asTheyAre = measureRow(columns, (content) => content.length + 4);
  // Compression only ever saves, and is dear.
  return asTheyAre <= LONGEST_INDEX_ROW ? asTheyAre : measureRow(columns, measureCompressed);
}

function measureRow(columns: readonly IndexColumn[], measureLong: (content: Uint8Array) => number): number {
  let length = columns.includes(null) ? ROW_HEADER_WITH_NULLS : ROW_HEADER;
  for (const column of columns) {
    if (column === null) continue;
    if ('bytes' in column) length = alignTo(length, column.align) + column.bytes;
    else if (column.content.length <= LONGEST_SHORT) length += 1 + column.content.length;
    else length = alignTo(length, 4) + measureLong(column.content);
  }
  return alignTo(length, 8);
}

function measureCompressed(content: Uint8Array): number {
  const plain = content.length + 4;
  if (plain <= COMPRESS_FROM) return plain;
  const compressed = measurePglz(content);
  return compressed === undefined ? plain : compressed + 8;
}

function alignTo(length: number, boundary: number): number {
  return Math.ceil(length / boundary) * boundary;
}

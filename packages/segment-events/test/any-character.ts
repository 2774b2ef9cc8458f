import fc from 'fast-check';

/**
 * For `fc.string({ unit })`: any code point, halves of characters included. What fast-check's own 'binary' gives, without
 * the table of a million characters that it draws up in each test file.
 */
export const anyCharacter = fc.integer({ min: 0, max: 0x10_ffff }).map(String.fromCodePoint, (text) => {
  if (typeof text !== 'string' || [...text].length !== 1) throw new Error('not one character');
  return text.codePointAt(0)!;
});

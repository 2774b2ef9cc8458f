import stringWidth from 'fast-string-width';
import { print, printNote } from './print.js';
import { unstyled } from './style.js';
import { STANDARD_WIDTH, tableWidth } from './table.js';

/** What a line may begin with: indentation, a mark or a count. Its other lines stand below the first word behind it. */
const LEAD = /^ *(?:[•✓✗!–-] +|[\d,]+ {2,})?/;
/** One space between words; where there are more, they are columns. */
const GAP = /(?<=[^ ]) (?=[^ ])/;

/**
 * Breaks sentences between words. What is longer than a line, such as an URL or JSON without spaces, stays whole.
 * @param text of any number of lines; may be styled
 * @param width in characters
 */
export function wrapText(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text];
  const indent = ' '.repeat(LEAD.exec(unstyled(text))![0].length);
  const [first = '', ...words] = text.split(GAP);
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    if (widthOf(line) + 1 + widthOf(word) <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = `${indent}${word}`;
    }
  }
  return [...lines, line];
}

function widthOf(text: string): number {
  return stringWidth(unstyled(text));
}

/** Characters that a line on standard error may take: those of its terminal. */
export function noteWidth(): number {
  return process.stderr.isTTY ? process.stderr.columns || STANDARD_WIDTH : Number.POSITIVE_INFINITY;
}

/** Prints sentences, no wider than the terminal is; tables and what is copied from it go through `print`. */
export function printText(text: string): void {
  print(wrapText(text, tableWidth()));
}

/** The same on standard error: what is no result. */
export function printNoteText(text: string): void {
  printNote(wrapText(text, noteWidth()));
}

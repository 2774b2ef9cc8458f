import stringWidth from 'fast-string-width';
import { breakLine, STANDARD_WIDTH } from './break-line.js';
import { print, printNote } from './print.js';
import { unstyled } from './style.js';
import { tableWidth } from './table.js';

/**
 * Breaks sentences between words. What is longer than a line, such as an URL or JSON without spaces, stays whole.
 * @param text of any number of lines; may be styled
 * @param width in characters
 */
export function wrapText(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => breakLine(line, width, widthOf))
    .join('\n');
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

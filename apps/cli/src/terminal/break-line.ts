import { unstyled } from './style.js';

/** Of a terminal that does not say its width, in characters. */
export const STANDARD_WIDTH = 80;

/** What a line may begin with: indentation, a mark or a count. Its other lines stand below the first word behind it. */
const LEAD = /^ *(?:[•✓✗!–-] +|(?:line )?[\d,]+ {2,})?/;
/** One space between words; where there are more, they are columns. */
const GAP = /(?<=[^ ]) (?=[^ ])/;

/** Breaks a line between words. A word that is longer stays whole. */
export function breakLine(text: string, width: number, widthOf: (text: string) => number): string[] {
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

/** A line that goes on below: neither indented, as examples are, nor the end of a sentence. */
const GOES_ON = /^[^ \n].*[^.:\n]\n(?=[^ \n])/gm;

/**
 * Breaks sentences of plain text anew that were broken for another width; indented lines stay as they are. It loads no
 * library that measures text: help is printed by it.
 */
export function reflowText(text: string, width: number): string {
  return text
    .replace(GOES_ON, (line) => `${line.slice(0, -1)} `)
    .split('\n')
    .flatMap((line) => (line.startsWith(' ') ? [line] : breakLine(line, width, ({ length }) => length)))
    .join('\n');
}

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

export type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

/**
 * Stands around styled text until it is written. Only then it becomes a terminal's sequence, when every control
 * character in the text has been made visible; text of others cannot guess it.
 */
const MARK = randomBytes(8).toString('hex');
const MARKS = new RegExp(`<(/?)${MARK}:(red|green|yellow|bold|dim)>`, 'g');

/** Colour on a terminal only; `NO_COLOR` turns it off there, too. Print the result with `print`. */
export function style(how: Style, text: string): string {
  if (process.env.NO_COLOR || !(process.stdout.isTTY || process.stderr.isTTY)) return text;
  return `<${MARK}:${how}>${text}</${MARK}:${how}>`;
}

/** The text alone, to be measured. */
export function unstyled(text: string): string {
  return text.replace(MARKS, '');
}

/** Styled text as a terminal wants it; without its styles where it goes to none. */
export function paint(text: string, { isTTY }: { isTTY?: boolean }): string {
  return text.replace(MARKS, (_, ends: string, how: Style) => {
    const [on, off] = inspect.colors[how]!;
    return isTTY ? `\x1b[${ends ? off : on}m` : '';
  });
}

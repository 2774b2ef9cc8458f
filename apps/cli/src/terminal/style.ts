import { styleText } from 'node:util';

type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

/** Colour on a terminal only; `NO_COLOR` turns it off there, too. */
export function style(how: Style, text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? styleText(how, text) : text;
}

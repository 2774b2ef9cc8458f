import { paint } from './style.js';
import { visibleLines } from './visible.js';

/**
 * Writes a line, or several, to standard output. All that the command line prints passes here, or through `printNote`:
 * text of events, of APIs, files and errors commands no terminal.
 */
export function print(text = ''): void {
  write(process.stdout, `${text}\n`);
}

/** The same to standard error: what is no result. */
export function printNote(text = ''): void {
  write(process.stderr, `${text}\n`);
}

function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(printable(text, stream));
}

/** Control characters made visible, and only then styles put in. */
export function printable(text: string, output: { isTTY?: boolean }): string {
  return paint(visibleLines(text), output);
}

const ERASE_LINE = '\r\x1b[K';
const TO_THE_TOP = '\x1b[H\x1b[2J';

/** Writes a line over the one that the cursor stands in, and leaves the cursor there. For a terminal. */
export function printInPlace(line: string): void {
  process.stdout.write(`${ERASE_LINE}${printable(line, process.stdout)}`);
}

/** Goes to the top of the terminal, and takes away everything below. */
export function clearTerminal(): void {
  process.stdout.write(TO_THE_TOP);
}

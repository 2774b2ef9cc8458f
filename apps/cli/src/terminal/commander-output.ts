import { reflowText, STANDARD_WIDTH } from './break-line.js';
import { print, printNote } from './print.js';

/** For commander, which breaks the lines of its own help and errors; what is added to a help is broken here. */
export const COMMANDER_OUTPUT = {
  writeOut: (text: string) => print(reflowText(text.replace(/\n$/, ''), helpWidth())),
  writeErr: (text: string) => printNote(text.replace(/\n$/, '')),
};

/** As commander has it. */
function helpWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || STANDARD_WIDTH : STANDARD_WIDTH;
}

import { createInterface } from 'node:readline';
import { CommandError } from '../load-context.js';
import { printNote } from '../terminal/print.js';
import { visible } from '../terminal/visible.js';
import { noteWidth, wrapText } from '../terminal/wrap-text.js';

/** What an answer comes to, or what was expected instead. */
export type Reading<T> = { ok: true; value: T } | { ok: false; problem: string };

export type Question<T> = {
  text: string;
  /** What an empty answer means; it has to be an answer that `read` takes. */
  standard: string;
  read: (answer: string) => Reading<T>;
};

/** Asks until the answer can be read. */
export type Ask = <T>(question: Question<T>) => Promise<T>;

/** Everybody's answer is the standard one. */
export const takeStandard: Ask = async ({ standard, read, text }) => {
  const reading = read(standard);
  if (!reading.ok) throw new Error(`the standard answer to "${text}" is none: ${reading.problem}`);
  return reading.value;
};

/**
 * Asks at the terminal, or whoever writes lines into the pipe. Lines are read through one iterator, opened
 * before the first question: readline's own `question` loses what a pipe says before it is asked.
 * @throws CommandError where there is no answer any more: the pipe has ended, or Ctrl-C
 */
export async function withQuestions<T>(answerAll: (ask: Ask) => Promise<T>): Promise<T> {
  const terminal = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
  });
  const lines = terminal[Symbol.asyncIterator]();
  const ask: Ask = async ({ text, standard, read }) => {
    for (;;) {
      // The line that is typed into is the prompt; those above it are a note.
      const question = wrapText(`${visible(text)} [${visible(standard)}]`, noteWidth()).split('\n');
      terminal.setPrompt(`${question.pop()} `);
      if (question.length > 0) printNote(question.join('\n'));
      terminal.prompt();
      const line = await lines.next();
      if (line.done) {
        throw new CommandError(
          '\nThere is no answer any more: nothing was written. --yes takes what stands in brackets.',
        );
      }
      if (!terminal.terminal) printNote();
      const reading = read(line.value.trim() || standard);
      if (reading.ok) return reading.value;
      printNote(`  ${reading.problem}`);
    }
  };
  try {
    return await answerAll(ask);
  } finally {
    terminal.close();
  }
}

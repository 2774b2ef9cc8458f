import { readTrouble } from '../../stack/trouble.js';
import { print, printInPlace } from '../../terminal/print.js';
import { style } from '../../terminal/style.js';
import { tableWidth } from '../../terminal/table.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** What `up` shows while it runs: what a person should know, and a line of counts that stays the last one. */
export type Screen = {
  say(text: string): void;
  /** A sentence, no wider than the terminal. */
  tell(sentence: string): void;
  /** A line of a process' log: shown where it is a warning or an error, each kind once. */
  log(name: string, line: string): void;
  /** Shows the counts where they have changed: on a terminal in place. An empty line takes them away. */
  count(line: string): void;
};

/** The processes whose words are for people. What Redis and the sandbox print goes to the log alone. */
const SHOWN = ['receiver', 'worker'];

export function openScreen(): Screen {
  const isInPlace = process.stdout.isTTY;
  const told = new Set<string>();
  let counts = '';
  const say = (line: string) => {
    if (isInPlace && counts !== '') printInPlace('');
    print(line);
    if (isInPlace && counts !== '') printInPlace(fit(counts));
  };
  const tell = (sentence: string) => say(wrapText(sentence, tableWidth()));
  return {
    say,
    tell,
    log(name, line) {
      const trouble = SHOWN.includes(name) ? readTrouble(name, line) : null;
      if (!trouble || told.has(trouble.kind)) return;
      told.add(trouble.kind);
      const isError = trouble.level === 'error';
      tell(`${style(isError ? 'red' : 'yellow', isError ? '✗' : '!')} ${visible(trouble.words)}`);
    },
    count(line) {
      if (line === counts) return;
      counts = line;
      if (isInPlace) printInPlace(fit(line));
      else if (line !== '') print(line);
    },
  };
}

/** A line that is broken in two cannot be written over. */
function fit(line: string): string {
  const width = (process.stdout.columns || 80) - 1;
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** What people read, by its path from the root. */
export const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

export function readDocument(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

const BLOCKS = /^```sh\n([\s\S]*?)^```/gm;

/** The commands of each block of shell in a text, one a line, as they are typed: what is continued is joined. */
export function blocksOf(markdown: string): string[][] {
  return [...markdown.matchAll(BLOCKS)].map(([, block]) =>
    block!
      .replace(/\\\n\s*/g, '')
      .split('\n')
      .map(withoutComment)
      .filter((line) => line !== ''),
  );
}

/** What of a text stands between backticks and begins with a program that people type. */
export function inlineCommandsOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)]
    .map(([, code]) => code!)
    .filter((code) => /^(meterbridge|npm|npx|node|docker|kubectl|curl|cp) /.test(code));
}

const PART = String.raw`'[^']*'|"[^"]*"|<[\w -]+>|\\.|[^\s|;&()<>'"\\]`;
/** An operator, a comment, a word, or a file that output goes to. */
const TOKEN = new RegExp(`(&&|\\|\\||[|;()&])|(#.*$)|((?:${PART})+)|[<>]+\\s*\\S+`, 'g');

function withoutComment(line: string): string {
  const comment = [...line.matchAll(TOKEN)].find(([, , text]) => text !== undefined);
  return line.slice(0, comment?.index).trim();
}

/** The words of each simple command of a line, without variables that are set for it. A placeholder is a word. */
export function simpleCommandsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const [, operator, comment, word] of line.matchAll(TOKEN)) {
    if (operator !== undefined) commands.push([]);
    else if (comment === undefined && word !== undefined) commands.at(-1)!.push(unquote(word));
  }
  return commands
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_0-9]+=/.test(word))))
    .filter(([first]) => first !== undefined && !/^[A-Z_0-9]+=/.test(first));
}

function unquote(word: string): string {
  return word.replace(/'([^']*)'|"([^"]*)"/g, (_, single = '', double = '') => `${single}${double}`);
}

/** What the program `meterbridge` is given by a command, however it is called; undefined for any other command. */
export function meterbridgeArguments(words: readonly string[]): string[] | undefined {
  const line = words.join('\0');
  const [prefix] =
    /^(meterbridge|npm\0run\0-s\0meterbridge\0--|npx\0\.\/meterbridge-[\w.*-]+\.tgz|docker\0compose\0run\0--rm\0cli|kubectl\0exec\0.*?\0--\0meterbridge)(?=\0|$)/.exec(
      line,
    ) ?? [];
  if (prefix !== undefined) return words.slice(prefix.split('\0').length);
  if (line === 'npm\0start') return ['up'];
  const [, demo] = /^npm\0run\0demo(?:\0--)?(?:\0(.*))?$/.exec(line) ?? [];
  if (line.startsWith('npm\0run\0demo')) return ['demo', ...(demo?.split('\0') ?? [])];
  return undefined;
}

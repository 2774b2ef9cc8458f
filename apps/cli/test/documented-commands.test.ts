import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { createProgram } from '../src/program.js';
import {
  blocksOf,
  DOCUMENTS,
  inlineCommandsOf,
  meterbridgeArguments,
  readDocument,
  simpleCommandsOf,
} from './read-commands.js';

type Command = ReturnType<typeof createProgram>;

const SILENT = { writeOut: () => {}, writeErr: () => {} };

/** The program as it is, but that nothing is done: an option or a command that there is not is an error. */
function parser(): Command {
  const program = createProgram();
  const disarm = (command: Command) => {
    command.exitOverride().configureOutput(SILENT);
    if (command.commands.length === 0) command.action(() => {});
    for (const each of command.commands) disarm(each as Command);
  };
  disarm(program);
  return program;
}

/** Why the program would refuse these arguments; undefined where it would not. */
function refusal(args: string[]): string | undefined {
  try {
    parser().parse(args, { from: 'user' });
  } catch (error) {
    const { message, exitCode } = error as Error & { exitCode?: number };
    return exitCode === 0 ? undefined : message;
  }
}

/** Whether a command is spoken of by its name alone, such as `dead-letters replay`, or by a word for any. */
function isSpokenOf(args: readonly string[]): boolean {
  if (['…', '<command>'].includes(args[0]!)) return true;
  let at: Command | undefined = parser();
  for (const name of args) at = at?.commands.find((each) => each.name() === name) as Command | undefined;
  return at !== undefined;
}

function refusalsIn(lines: readonly string[], passes: (args: string[]) => boolean): string[] {
  return lines.flatMap((line) =>
    simpleCommandsOf(line).flatMap((words) => {
      const args = meterbridgeArguments(words);
      if (args === undefined || passes(args)) return [];
      const why = refusal(args);
      return why === undefined ? [] : [`${line}: ${why}`];
    }),
  );
}

test.each(DOCUMENTS)('the command line takes every command that %s names', (file) => {
  const text = readDocument(file);
  expect(refusalsIn(blocksOf(text).flat(), () => false)).toEqual([]);
  expect(refusalsIn(inlineCommandsOf(text), isSpokenOf)).toEqual([]);
});

test('the command line takes every command that its own help gives as an example', () => {
  const examples = (command: Command): string[] => {
    let help = '';
    command.configureOutput({
      writeOut: (part) => {
        help += part;
      },
    });
    command.outputHelp();
    const [, given = ''] = /\nExamples?:\n([\s\S]*?)(?:\n\n|$)/.exec(help) ?? [];
    return [...given.split('\n'), ...command.commands.flatMap((each) => examples(each as Command))];
  };
  // What an example is for stands behind it, in a column.
  const lines = examples(parser()).flatMap((line) => line.trim().split(/ {2,}/).slice(0, 1));
  expect(lines.filter((line) => line.includes('meterbridge')).length).toBeGreaterThan(40);
  expect(refusalsIn(lines, () => false)).toEqual([]);
});

test.each(['chaos', 'benchmarks'])('packages/%s knows every option that a document names', async (name) => {
  const script = { chaos: 'chaos', benchmarks: 'bench' }[name]!;
  const main = join(import.meta.dirname, `../../../packages/${name}/dist/main.js`);
  const { stdout: help } = await promisify(execFile)(process.execPath, [main, '--help']);
  const options = DOCUMENTS.map(readDocument)
    .flatMap((text) => [...blocksOf(text).flat(), ...inlineCommandsOf(text)])
    .filter((line) => line.startsWith(`npm run ${script} -- `))
    .flatMap((line) => line.split(' ').slice(4))
    .filter((word) => word.startsWith('--') && word !== '--help');
  expect(options.length).toBeGreaterThan(0);
  expect(options.filter((option) => !help.includes(option))).toEqual([]);
});

test('commands are read as a shell reads them', () => {
  const markdown =
    '```sh\nA=1 meterbridge test x \\\n  "a b" | jq -r .x   # why\n(echo; yes \'\') | meterbridge init > a\n```';
  const [lines = []] = blocksOf(markdown);
  expect(lines.map(simpleCommandsOf)).toEqual([
    [
      ['meterbridge', 'test', 'x', 'a b'],
      ['jq', '-r', '.x'],
    ],
    [['echo'], ['yes', ''], ['meterbridge', 'init']],
  ]);
  expect(refusal(['dead-letters', 'list', '--reson', 'x'])).toContain("unknown option '--reson'");
});

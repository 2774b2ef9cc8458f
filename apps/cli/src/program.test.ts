import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from './program.js';

/** Every command that does something, with what stands before it. */
function allCommands(of: Command, before = ''): [string, Command][] {
  return of.commands.flatMap((command) => {
    const name = `${before}${command.name()}`;
    return command.commands.length > 0 ? allCommands(command, `${name} `) : [[name, command] as const];
  }) as [string, Command][];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

const COMMANDS = allCommands(createProgram());
/** What they print is JSON as it is, or for people only. */
const WITHOUT_JSON = ['dead-letters export', 'schema', 'demo', 'up'];

test.each(COMMANDS)('%s --help has an example and every exit code', (name, command) => {
  const [, examples = ''] = helpOf(command).split(/\nExamples?:\n/);
  expect(examples).toContain(`meterbridge ${name}`);
  const [, exitCodes = ''] = helpOf(command).split('\nExit codes: ');
  expect(exitCodes).toContain('0 ');
  expect(exitCodes).toContain('2 wrong usage.');
});

test('every command takes --json, but for those whose output is no report', () => {
  const without = COMMANDS.filter(([, command]) => !command.options.some(({ long }) => long === '--json'));
  expect(without.map(([name]) => name).toSorted()).toEqual(WITHOUT_JSON.toSorted());
});

import type { Command } from 'commander';

/** The option of a command whose tables give way to a narrow terminal. */
export function addWideOption(command: Command): Command {
  return command.option('--wide', 'every column, however wide the terminal is');
}

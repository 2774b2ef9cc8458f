import type { Command } from 'commander';
import { readMoment } from '../../terminal/read-arguments.js';

/** The options of a command that say which dead letters it is about; ids are its arguments. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--destination <name>', 'of one destination, or of the receiver')
    .option('--reason <reason>', 'of one reason')
    .option('--event <name>', "of one event: a track call's name, or a type such as identify")
    .option(
      '--customer <id>',
      'of whoever its rule bills now (subscription, customer); else context.groupId, groupId or userId',
    )
    .option('--source <name>', 'of one source')
    .option('--rule <name>', 'of one rule')
    .option('--since <time>', 'dead since then: 90m, 24h, 7d, or a time in UTC', readMoment)
    .option('--until <time>', 'dead before then', readMoment)
    .option('--text <text>', 'with this somewhere in the event, the detail or the id, whatever its case');
}

/** The option of a command that is remembered with the name of whoever ran it. */
export function addActorOption(command: Command): Command {
  return command.option('--as <name>', 'who is remembered for it (default: you, at this machine)');
}

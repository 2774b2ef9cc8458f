import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { DROPPED, type Draft } from '@meterbridge/config-draft';
import {
  aboutRules,
  describeOpen,
  type FunctionReading,
  readFunction,
} from '@meterbridge/function-migration';
import { ABOUT, STANDARD_SOURCE } from '../../init/answers.js';
import { CommandError } from '../../load-context.js';

export { renderReading } from './render-function-report.js';

/** What is found in a pasted function. @throws CommandError where the file cannot be read */
export function readPasted(path: string): FunctionReading {
  try {
    return readFunction(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CommandError(`${path} cannot be read (${code}).`);
  }
}

/** A configuration with the rules that do what it did. */
export function draftFromFunction(path: string, { destinations, open }: FunctionReading): Draft {
  const about = [...ABOUT, '', ...aboutRules(basename(path))];
  // What a rule sends must not be taken out before.
  const rules = JSON.stringify(destinations);
  const keeps = DROPPED.every((path) => !rules.includes(path));
  return {
    about,
    sources: [{ ...STANDARD_SOURCE, isPrivate: keeps }],
    destinations,
    unfinished: open
      .filter(({ inRule }) => !inRule)
      .map((item) => `line ${item.line}, ${describeOpen(item)}`),
  };
}

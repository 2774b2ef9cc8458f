import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type ConfigProblem, configFile, describeProblems, parseConfig } from '@meterbridge/config';
import type { Command } from 'commander';
import { ABOUT, draftFromAnswers, STANDARD_SOURCE } from '../../init/answers.js';
import { takeStandard, withQuestions } from '../../init/ask.js';
import { DROPPED, type Draft, neededVariables, variablesOf, writeDraft } from '../../init/draft.js';
import { describeOpen } from '../../init/from-function/findings.js';
import { type FunctionReading, readFunction } from '../../init/from-function/read-function.js';
import { renderReading } from '../../init/from-function/report.js';
import { askAll } from '../../init/questions.js';
import { refuseToOverwrite, writeConfigFile, writeEnvExample } from '../../init/write-files.js';
import { CommandError } from '../../load-context.js';

export type InitOptions = {
  output?: string;
  fromFunction?: string;
  yes?: boolean;
  force?: boolean;
  json?: boolean;
};

/** What was written, and where. */
type Written = { file: string; envExample: string | null; problems: readonly ConfigProblem[] };

/** Writes a configuration from answers, or from a pasted function. It holds no key, only names of variables. */
export async function init(options: InitOptions): Promise<void> {
  const file = options.output ?? configFile(process.env);
  refuseToOverwrite(file, options.force ?? false);
  if (options.fromFunction !== undefined) initFromFunction(options.fromFunction, file, options);
  else await initFromAnswers(file, options);
}

async function initFromAnswers(file: string, options: InitOptions): Promise<void> {
  const draft = draftFromAnswers(options.yes ? await askAll(takeStandard) : await withQuestions(askAll));
  const loaded = parseConfig(writeDraft(draft), {}, { allowUnset: true });
  if (!loaded.ok) throw new CommandError(`Nothing was written. ${describeProblems(loaded.problems, file)}`);
  const written = write(draft, file, options);
  if (options.json) printJson(written, draft, {});
  else console.log(`${describe(written, draft)}\n${nextSteps(file, draft)}`);
}

/** Exit code 1 where something is left to write by hand, or there was nothing to read. */
function initFromFunction(path: string, file: string, options: InitOptions): void {
  const reading = readFunction(readPasted(path));
  const { destinations: _, ...found } = reading;
  const draft = draftFromFunction(path, reading);
  const isEmpty = draft.destinations.length === 0;
  const written = isEmpty ? null : write(draft, file, options);
  const loads = written?.problems.length === 0 && reading.open.length === 0;
  if (!loads) process.exitCode = 1;
  if (options.json) {
    printJson(written ?? { file: null, envExample: null }, draft, { loads, ...found });
    return;
  }
  console.log(renderReading(path, reading));
  if (written === null) {
    throw new CommandError('\nNothing was written: no usage for Lago or Hyperline was found in it.');
  }
  console.log(`\n${describe(written, draft)}`);
  console.log(loads ? nextSteps(file, draft) : `\n${describeProblems(written.problems, file)}`);
}

function readPasted(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function draftFromFunction(path: string, { destinations, open }: FunctionReading): Draft {
  const about = [
    ...ABOUT,
    '',
    `The rules say what ${basename(path)} did, line by line. Other than there, what a Lago rule names under`,
    '`properties` has to be in the event, or it is a dead letter: Lago would sum what is missing as nothing.',
  ];
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

function write(draft: Draft, file: string, { force = false }: InitOptions): Written {
  const text = writeDraft(draft);
  const loaded = parseConfig(text, {}, { allowUnset: true });
  writeConfigFile(file, text, force);
  const envExample = writeEnvExample(file, variablesOf(draft));
  return { file, envExample, problems: loaded.ok ? [] : loaded.problems };
}

function printJson(
  { file, envExample }: { file: string | null; envExample: string | null },
  draft: Draft,
  more: object,
): void {
  console.log(JSON.stringify({ file, envExample, ...summary(draft), ...more }, null, 2));
}

function summary(draft: Draft) {
  return {
    sources: draft.sources.map(({ name }) => name),
    destinations: draft.destinations.map(({ type }) => type),
    rules: draft.destinations.reduce((sum, { rules }) => sum + rules.length, 0),
    variables: variablesOf(draft),
  };
}

function describe({ file, envExample }: Written, draft: Draft): string {
  const { sources, destinations, rules } = summary(draft);
  const wrote = `Wrote ${file}: sources: ${sources.join(', ')}; destinations: ${destinations.join(', ')}; rules: ${rules}.`;
  return envExample === null ? wrote : `${wrote}\nAdded to ${envExample} what it did not name yet.`;
}

function nextSteps(file: string, draft: Draft): string {
  const name = configFile({}) === file ? '' : `METERBRIDGE_CONFIG=${file} `;
  const steps = [
    ['.env', `needs ${neededVariables(draft).join(', ')}; .env.example says what they are`],
    [`${name}meterbridge check`, 'whether the file, Redis and the APIs are ready'],
    [`${name}meterbridge preview`, 'what your events become, before one is sent'],
    [`${name}npm start`, 'receiver and worker on this machine'],
  ] as const;
  const width = Math.max(...steps.map(([what]) => what.length));
  return ['\nNext:', ...steps.map(([what, why]) => `  ${what.padEnd(width)}  ${why}`)].join('\n');
}

/** `meterbridge init` */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a configuration: from the answers to a few questions, or from a Segment Function')
    .option('--output <file>', 'default: METERBRIDGE_CONFIG, or meterbridge.config.yaml')
    .option('--from-function <file>', "read what a function made from Lago's or Hyperline's recipe does")
    .option('--yes', 'take the standard answer to every question')
    .option('--force', 'write over a file that is there')
    .option('--json', 'say what was found and written as one document, for machines')
    .addHelpText(
      'after',
      `
An empty answer takes what stands in brackets; answers may come from a pipe, one a line. The file holds no key,
only names of variables, which .env.example beside it explains. Ctrl-C writes nothing.

--from-function reads the code and never runs it. It says what was wrong in it, line by line, and what that
cost. What it cannot translate it does not guess: that stays empty in the file, which loads once you have
written it.

Examples:
  meterbridge init
  meterbridge init --yes --output staging.yaml
  (echo lago; echo https://lago.acme.example; yes '') | meterbridge init     the rest as in brackets
  meterbridge init --from-function lago-function.js
  meterbridge init --from-function lago-function.js --json | jq '.faults[]'

Exit codes: 0 written, 1 not written, or something in it is left for you to write, 2 wrong usage.`,
    )
    .action(init);
}

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ConfigProblem, configFile, describeProblems, parseConfig } from '@meterbridge/config';
import { type Draft, neededVariables, variablesOf, writeDraft } from '@meterbridge/config-draft';
import { kindOf } from '@meterbridge/destinations';
import { VENDORS } from '@meterbridge/function-migration/recipes';
import { draftFromAnswers, SCHEMA_FILE } from '../../init/answers.js';
import { takeStandard, withQuestions } from '../../init/ask.js';
import { askAll } from '../../init/questions.js';
import { refuseToOverwrite, writeConfigFile, writeEnvExample, writeSchema } from '../../init/write-files.js';
import { CommandError } from '../../load-context.js';
import { howToRun, listSteps } from '../../terminal/hint.js';
import { listWords } from '../../terminal/list-words.js';
import { print } from '../../terminal/print.js';
import { tableWidth } from '../../terminal/table.js';
import { printText } from '../../terminal/wrap-text.js';

export type InitOptions = {
  output?: string;
  fromFunction?: string;
  yes?: boolean;
  force?: boolean;
  json?: boolean;
};

/** Those whose recipe for a Segment Function can be read. */
const RECIPE_TITLES = VENDORS.map((type) => kindOf(type).title);

/** What was written, and where. */
type Written = {
  file: string;
  envExample: { file: string; wasThere: boolean } | null;
  problems: readonly ConfigProblem[];
};

/** Writes a configuration from answers, or from a pasted function. It holds no key, only names of variables. */
export async function init(options: InitOptions): Promise<void> {
  const file = options.output ?? configFile(process.env);
  refuseToOverwrite(file, options.force ?? false);
  if (options.fromFunction !== undefined) await initFromFunction(options.fromFunction, file, options);
  else await initFromAnswers(file, options);
}

async function initFromAnswers(file: string, options: InitOptions): Promise<void> {
  const draft = draftFromAnswers(options.yes ? await askAll(takeStandard) : await withQuestions(askAll));
  const loaded = parseConfig(writeDraft(draft), {}, { allowUnset: true });
  if (!loaded.ok) throw new CommandError(`Nothing was written. ${describeProblems(loaded.problems, file)}`);
  const written = write(draft, file, options);
  if (options.json) printJson(written, draft, {});
  else printText(`${describe(written, draft)}\n${nextSteps(file, draft)}`);
}

/** Exit code 1 where something is left to write by hand, or there was nothing to read. */
async function initFromFunction(path: string, file: string, options: InitOptions): Promise<void> {
  const { readPasted, draftFromFunction, renderReading } = await import('./from-function.js');
  const reading = readPasted(path);
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
  printText(renderReading(path, reading));
  if (written === null) {
    throw new CommandError(
      `\nNothing was written: no usage for ${listWords(RECIPE_TITLES, 'or')} was found in it.`,
    );
  }
  printText(`\n${describe(written, draft)}`);
  printText(loads ? nextSteps(file, draft) : `\n${describeProblems(written.problems, file)}`);
}

function write(draft: Draft, file: string, { force = false }: InitOptions): Written {
  const text = writeDraft(draft);
  const loaded = parseConfig(text, {}, { allowUnset: true });
  writeConfigFile(file, text, force);
  writeSchema(file);
  const envExample = writeEnvExample(file, draft);
  return { file, envExample, problems: loaded.ok ? [] : loaded.problems };
}

function printJson(
  { file, envExample }: Pick<Written, 'file' | 'envExample'> | { file: null; envExample: null },
  draft: Draft,
  more: object,
): void {
  print(JSON.stringify({ file, envExample: envExample?.file ?? null, ...summary(draft), ...more }, null, 2));
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
  const schema = `Wrote ${join(dirname(file), SCHEMA_FILE)}: editors check the file by it.`;
  const variables =
    envExample === null
      ? []
      : [
          envExample.wasThere
            ? `Added to ${envExample.file} what it did not name yet, and your own addresses.`
            : `Wrote ${envExample.file}: each variable that the file names.`,
        ];
  return [wrote, schema, ...variables].join('\n');
}

function nextSteps(file: string, draft: Draft): string {
  const name = configFile({}) === file ? '' : `METERBRIDGE_CONFIG=${file} `;
  const needed = neededVariables(draft).join(', ');
  const steps = listSteps(
    [
      [existsSync('.env') ? '.env' : `cp ${join(dirname(file), '.env.example')} .env`, `set ${needed} in it`],
      [`${name}${howToRun('check')}`, 'whether the file, Redis and the APIs are ready'],
      [`${name}${howToRun('preview <event.json>')}`, 'what an event becomes, before one is sent'],
      [`${name}${howToRun('up')}`, 'receiver and worker on this machine'],
    ],
    tableWidth(),
  );
  return ['\nNext:', ...steps, ...otherAddresses(draft, process.env)].join('\n');
}

/** An address that the environment has already wins over the one in the file. */
function otherAddresses({ destinations }: Draft, env: NodeJS.ProcessEnv): string[] {
  return destinations.flatMap(({ type, url }) => {
    const name = kindOf(type).env.url;
    if (!env[name] || env[name] === url) return [];
    return [`${name} is another address in your environment or .env, and wins: make it ${url} there.`];
  });
}

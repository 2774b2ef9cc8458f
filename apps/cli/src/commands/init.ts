import { configFile, describeProblems, parseConfig } from '@meterbridge/config';
import type { Command } from 'commander';
import { draftFromAnswers } from '../init/answers.js';
import { takeStandard, withQuestions } from '../init/ask.js';
import { type Draft, neededVariables, variablesOf, writeDraft } from '../init/draft.js';
import { askAll } from '../init/questions.js';
import { refuseToOverwrite, writeConfigFile, writeEnvExample } from '../init/write-files.js';
import { CommandError } from '../load-context.js';

export type InitOptions = { output?: string; yes?: boolean; force?: boolean; json?: boolean };

/** Writes a configuration from the answers to a few questions. Holds no key, only names of variables. */
export async function init(options: InitOptions): Promise<void> {
  const file = options.output ?? configFile(process.env);
  refuseToOverwrite(file, options.force ?? false);
  const answers = options.yes ? await askAll(takeStandard) : await withQuestions(askAll);
  const draft = draftFromAnswers(answers);
  const text = writeDraft(draft);
  const loaded = parseConfig(text, {}, { allowUnset: true });
  if (!loaded.ok) throw new CommandError(`Nothing was written: ${describeProblems(loaded.problems, file)}`);
  writeConfigFile(file, text, options.force ?? false);
  const envExample = writeEnvExample(file, variablesOf(draft));
  if (options.json) return console.log(JSON.stringify({ file, envExample, ...summary(draft) }, null, 2));
  console.log(`Wrote ${file}: ${describe(draft)}.`);
  if (envExample) console.log(`Added to ${envExample} what it did not name yet.`);
  console.log(nextSteps(file, draft));
}

function summary(draft: Draft) {
  return {
    sources: draft.sources.map(({ name }) => name),
    destinations: draft.destinations.map(({ type }) => type),
    rules: draft.destinations.reduce((sum, { rules }) => sum + rules.length, 0),
    variables: variablesOf(draft),
  };
}

function describe(draft: Draft): string {
  const { sources, destinations, rules } = summary(draft);
  return `sources: ${sources.join(', ')}; destinations: ${destinations.join(', ')}; rules: ${rules}`;
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
  return ['', 'Next:', ...steps.map(([what, why]) => `  ${what.padEnd(width)}  ${why}`)].join('\n');
}

/** `meterbridge init` */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a configuration by answering a few questions')
    .option('--output <file>', 'default: METERBRIDGE_CONFIG, or meterbridge.config.yaml')
    .option('--yes', 'take the standard answer to every question')
    .option('--force', 'write over a file that is there')
    .option('--json', 'say what was written as one document, for machines')
    .addHelpText(
      'after',
      `
An empty answer takes what stands in brackets; answers may come from a pipe, one a line. The file holds no key,
only names of variables, which .env.example beside it explains. Ctrl-C writes nothing.

Examples:
  meterbridge init
  meterbridge init --yes --output staging.yaml
  (echo lago; echo https://lago.acme.example; yes '') | meterbridge init     the rest as in brackets

Exit codes: 0 written, 1 not written, 2 wrong usage.`,
    )
    .action(init);
}

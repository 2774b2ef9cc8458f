import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, type ConfigProblem, describeProblems, parseYaml } from '@meterbridge/config';
import { OperationError } from '../operation-error.js';
import { type Case, casesSchema } from './cases-schema.js';

/** A case and where it stands. */
export type PlacedCase = Case & { file: string; line: number };

/** The case files beside a configuration, by name. @throws OperationError (`file_unreadable`) where there is none */
export function findCaseFiles(configFile: string): string[] {
  const files = caseFilesBeside(configFile);
  if (files.length === 0) throw new OperationError('file_unreadable', `no *.cases.yaml beside ${configFile}`);
  return files;
}

/** The same, and none where there is none. */
export function caseFilesBeside(configFile: string): string[] {
  const folder = dirname(configFile);
  const names = readdirSync(folder).filter((name) => name.endsWith('.cases.yaml'));
  return names.toSorted().map((name) => join(folder, name));
}

/** @throws OperationError (`file_unreadable`, `invalid_input`) that lists every problem of the file, with its line */
export function readCases(file: string, config: Config): PlacedCase[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperationError('file_unreadable', `${file}: cannot be read (${code})`);
  }
  const parsed = parseYaml(text, casesSchema);
  if (!parsed.ok) throw new OperationError('invalid_input', describeProblems(parsed.problems, file));
  const { data, lineOf } = parsed;
  const unknown = data.cases
    .flatMap((each, index) => findUnknownNames(each, ['cases', index], config))
    .map((problem) => ({ ...problem, line: lineOf(problem.path)! }));
  if (unknown.length > 0) throw new OperationError('invalid_input', describeProblems(unknown, file));
  return data.cases.map((each, index) => ({ ...each, file, line: lineOf(['cases', index])! }));
}

/** A misspelt destination or rule would be expected to take nothing, and be right. */
function findUnknownNames(
  { source, expect }: Case,
  path: (string | number)[],
  config: Config,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (source !== undefined && !config.sources.some(({ name }) => name === source)) {
    problems.push({ path: [...path, 'source'], message: 'no source has this name' });
  }
  if (typeof expect === 'string') return problems;
  for (const [name, rules] of Object.entries(expect)) {
    const destination = config.destinations.find((each) => each.name === name);
    if (!destination) {
      problems.push({ path: [...path, 'expect', name], message: 'no destination has this name' });
    } else if (typeof rules === 'object') {
      for (const rule of Object.keys(rules)) {
        if (destination.rules.some((each) => each.name === rule)) continue;
        problems.push({ path: [...path, 'expect', name, rule], message: 'the destination has no such rule' });
      }
    }
  }
  return problems;
}

export type ProblemPath = readonly (string | number)[];

/** One thing wrong with the configuration. `message` names what was expected and shows no value. */
export type ConfigProblem = {
  /** Keys and indexes from the file's root; for a variable of the environment, its name alone. */
  path: ProblemPath;
  message: string;
  /** Where in the file, counted from 1. */
  line?: number;
};

/** A path as people read it: `destinations[0].rules[1].when`. */
export function formatPath(path: ProblemPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** All problems, a line each, in the order of the file, for a person at a terminal. */
export function describeProblems(problems: readonly ConfigProblem[], file: string): string {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const lines = problems
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map((problem) => `  ${describeProblem(problem)}`);
  return [`${file} has ${count}:`, ...lines].join('\n');
}

/** One problem, with where it stands. */
function describeProblem({ path, message, line }: ConfigProblem): string {
  const place = line === undefined ? '' : `line ${line}, `;
  return `${place}${formatPath(path) || 'file'}: ${message}`;
}

/** A configuration that no program starts with: every problem of it, for people. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly code = 'invalid_config';

  /** @param file as it is named to people */
  constructor(problems: readonly ConfigProblem[], file: string) {
    super(describeProblems(problems, file));
  }
}

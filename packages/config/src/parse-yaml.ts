import * as z from 'zod';
import type { ConfigProblem, ProblemPath } from './problem.js';
import { readIssues } from './read-issues.js';
import { readYaml } from './read-yaml.js';

export type ParsedYaml<Data> =
  | { ok: true; data: Data; lineOf: (path: ProblemPath) => number | undefined }
  | { ok: false; problems: ConfigProblem[] };

/** Reads another YAML file of ours against its schema, as the configuration is: every problem with its line. */
export function parseYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
): ParsedYaml<z.output<Schema>> {
  const yaml = readYaml(text);
  if (!yaml.ok) return yaml;
  const parsed = schema.safeParse(yaml.data);
  if (parsed.success) return { ok: true, data: parsed.data, lineOf: yaml.lineOf };
  const problems = readIssues(parsed.error.issues, () => z.toJSONSchema(schema, { io: 'input' }));
  return { ok: false, problems: withLines(problems, yaml.lineOf) };
}

/** Each problem with where it stands in the file. */
export function withLines(
  problems: readonly ConfigProblem[],
  lineOf: (path: ProblemPath) => number | undefined,
): ConfigProblem[] {
  return problems.map((problem) => {
    const line = lineOf(problem.path);
    return line === undefined ? problem : { ...problem, line };
  });
}

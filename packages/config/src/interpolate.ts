import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ConfigProblem, ProblemPath } from './problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Interpolated = {
  data: unknown;
  problems: ConfigProblem[];
  /** Variables that are not set, and files that cannot be read, by where they are named; what stands there meanwhile is no value. */
  unset: { name: string; path: ProblemPath; message: string }[];
  /** Where a value came from the environment or a file, and is text whatever it looks like; and from which of them. */
  fromEnvironment: { path: ProblemPath; names: string[] }[];
  /** What was read from files, in the order of the configuration. Secrets. */
  fileTexts: string[];
};

const PLACEHOLDER = /\$\{([^}]*)\}?/g;
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
const FILE = /^file:(.+)$/s;
/** The newline that editors and `echo` put behind a file's last line. */
const LAST_NEWLINE = /\r?\n$/;

/** A rule's template names places in the event in the same way. */
const TEMPLATE_KEY = 'template';

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${file:/path}` in every text of the file but templates; the default stands
 * in for a variable that is missing or empty. Files are read anew each time. No problem shows what was read.
 */
export function interpolate(data: unknown, env: Environment): Interpolated {
  const problems: ConfigProblem[] = [];
  const unset: Interpolated['unset'] = [];
  const fromEnvironment: Interpolated['fromEnvironment'] = [];
  const fileTexts: string[] = [];

  function visit(value: unknown, path: ProblemPath): unknown {
    if (typeof value === 'string') return value.includes('${') ? replace(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === TEMPLATE_KEY && typeof item === 'string' ? item : visit(item, [...path, key]),
      ]),
    );
  }

  function replace(text: string, path: ProblemPath): string {
    const names: string[] = [];
    fromEnvironment.push({ path, names });
    return text.replace(PLACEHOLDER, (placeholder: string, inner: string) => {
      const file = placeholder.endsWith('}') ? FILE.exec(inner)?.[1] : undefined;
      if (file !== undefined) {
        names.push(`file ${file}`);
        return readText(file, path);
      }
      const [, name, standIn] = (placeholder.endsWith('}') && VARIABLE.exec(inner)) || [];
      if (name === undefined) {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
        problems.push({ path, message: 'not a variable; write ${NAME}, ${NAME:-default} or ${file:/path}' });
        return '';
      }
      names.push(name);
      if (standIn !== undefined) return env[name] || standIn;
      if (env[name] !== undefined) return env[name];
      unset.push({ name, path, message: `the environment variable ${name} is not set` });
      return standInFor(name);
    });
  }

  function readText(file: string, path: ProblemPath): string {
    const read = readFile(file);
    if (read.ok) {
      fileTexts.push(read.text);
      return read.text;
    }
    unset.push({ name: `file ${file}`, path, message: `the file ${file} ${read.problem}` });
    return standInFor(file);
  }

  return { data: visit(data, []), problems, unset, fromEnvironment, fileTexts };
}

/** An empty file is being written, or was forgotten: no secret is empty. */
function readFile(file: string): { ok: true; text: string } | { ok: false; problem: string } {
  if (!isAbsolute(file)) return { ok: false, problem: 'is no absolute path' };
  try {
    const text = readFileSync(file, 'utf8').replace(LAST_NEWLINE, '');
    return text === '' ? { ok: false, problem: 'is empty' } : { ok: true, text };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { ok: false, problem: `cannot be read (${code})` };
  }
}

/** A key, a name or a URL for those who send nothing; no two variables or files have the same. */
function standInFor(name: string): string {
  return `${STAND_IN}${name}`;
}

const STAND_IN = 'http://not-set.invalid/';

/** Whether a value stands in for a variable that is not set, or a file that cannot be read. */
export function isStandIn(text: string): boolean {
  return text.startsWith(STAND_IN);
}

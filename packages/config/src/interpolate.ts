import type { ConfigProblem, ProblemPath } from './problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Interpolated = {
  data: unknown;
  problems: ConfigProblem[];
  /** Variables that are not set, by where they are named; what stands there meanwhile is no value. */
  unset: { name: string; path: ProblemPath }[];
  /** Where a value came from the environment, and is text whatever it looks like; and from which variables. */
  fromEnvironment: { path: ProblemPath; names: string[] }[];
};

const PLACEHOLDER = /\$\{([^}]*)\}?/g;
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** A rule's template names places in the event in the same way. */
const TEMPLATE_KEY = 'template';

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every text of the file but templates; the default stands in for a variable
 * that is missing or empty. Values of variables appear in no problem.
 */
export function interpolate(data: unknown, env: Environment): Interpolated {
  const problems: ConfigProblem[] = [];
  const unset: Interpolated['unset'] = [];
  const fromEnvironment: Interpolated['fromEnvironment'] = [];

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
      const [, name, standIn] = (placeholder.endsWith('}') && VARIABLE.exec(inner)) || [];
      if (name === undefined) {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
        problems.push({ path, message: 'not a variable; write ${NAME} or ${NAME:-default}' });
        return '';
      }
      names.push(name);
      if (standIn !== undefined) return env[name] || standIn;
      if (env[name] !== undefined) return env[name];
      unset.push({ name, path });
      return standInFor(name);
    });
  }

  return { data: visit(data, []), problems, unset, fromEnvironment };
}

/** A key, a name or a URL for those who send nothing; no two variables have the same. */
function standInFor(name: string): string {
  return `${STAND_IN}${name}`;
}

const STAND_IN = 'http://not-set.invalid/';

/** Whether a value stands in for a variable that is not set. */
export function isStandIn(text: string): boolean {
  return text.startsWith(STAND_IN);
}

import { isStandIn } from './interpolate.js';
import type { ConfigProblem, ProblemPath } from './problem.js';

/** Values that stand in examples, and the key that a demonstration makes up: anyone can guess them. */
const PLACEHOLDER =
  /^(?:(?:change|replace)[-_ ]?(?:me|this)|demo-write-key(?:-\d+)?|your[-_].*|to-?do|x{3,}|placeholder|<.*>)$/i;

/** Whether a secret is one that stands in an example: it counts as not set where nothing is real. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/** The key that a sandbox is reached with: nothing is billed by it. */
export const SANDBOX_KEY = 'sandbox';

const SECRET_KEYS = new Set([
  ...['writeKey', 'writeKeys', 'webhookSecret', 'webhookSecrets', 'functionSecret', 'functionSecrets'],
  ...['value', 'values', 'apiKey', 'webhookKey'],
]);

/**
 * Finds secrets that nobody has replaced yet beside the key of a real API: whoever guesses one sends usage that is
 * billed. Where no key is real, as in an example, they do no harm.
 */
export function findPlaceholders(data: unknown): ConfigProblem[] {
  const { sources, destinations, privacyKey } = (data ?? {}) as Record<string, unknown>;
  const secrets = [
    ...secretsIn(sources, ['sources']),
    ...secretsIn(destinations, ['destinations']),
    ...secretsIn(privacyKey, ['privacyKey'], true),
  ];
  const isReal = ({ path, text }: Secret) =>
    path.at(-1) === 'apiKey' && text !== SANDBOX_KEY && !isPlaceholder(text) && !isStandIn(text);
  const real = secrets.find(isReal);
  if (!real) return [];
  const message = `a placeholder that anyone can guess, beside a real key in ${real.path[0]}[${real.path[1]}]; replace it`;
  return secrets.filter(({ text }) => isPlaceholder(text)).map(({ path }) => ({ path, message }));
}

type Secret = { path: ProblemPath; text: string };

function secretsIn(value: unknown, path: ProblemPath, isSecret = false): Secret[] {
  if (typeof value === 'string') return isSecret && value !== '' ? [{ path, text: value }] : [];
  if (typeof value !== 'object' || value === null || path.at(-1) === 'rules') return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, item]) =>
    secretsIn(item, [...path, isList ? Number(key) : key], isList ? isSecret : SECRET_KEYS.has(key)),
  );
}

import { REDACTED } from './scrub.js';

const SECRET_FIELDS = new Set([
  'authorization',
  'cookie',
  'apiKey',
  'writeKey',
  'webhookSecret',
  'webhookKey',
  'secret',
  'password',
  'x-signature',
]);
const LEVELS = 3;

type Fields = Record<string, unknown>;

/**
 * The fields of a line with those redacted that are named like a secret, down to the third level. The very same object
 * where there are none, as nearly always: pino's own redaction copies each field and goes over it once a name and level,
 * which was most of what a line took (measured).
 */
export function redactFields(fields: Fields): Fields {
  return redactLevels(fields, LEVELS) as Fields;
}

function redactLevels(value: unknown, levels: number): unknown {
  // Of an error only what `describeError` picks is logged, and its prototype has to stay.
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  let redacted: Fields | unknown[] | undefined;
  for (const name of Object.keys(value)) {
    const field = (value as Fields)[name];
    if (field === undefined) continue;
    const shown = SECRET_FIELDS.has(name) ? REDACTED : levels > 1 ? redactLevels(field, levels - 1) : field;
    if (shown === field) continue;
    redacted ??= Array.isArray(value) ? [...value] : { ...value };
    (redacted as Fields)[name] = shown;
  }
  return redacted ?? value;
}

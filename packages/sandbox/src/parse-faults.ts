import { isObject } from './answer.js';
import type { Fault } from './faults.js';

/** What each field of a fault may be, for those that come as JSON. */
const FIELDS: Record<keyof Fault, { expected: string; accepts: (value: unknown) => boolean }> = {
  times: { expected: "a positive whole number or 'always'", accepts: (v) => v === 'always' || isPositive(v) },
  everyNth: { expected: 'a positive whole number', accepts: isPositive },
  rate: { expected: 'a number from 0 to 1', accepts: (v) => typeof v === 'number' && v >= 0 && v <= 1 },
  seed: { expected: 'a whole number', accepts: Number.isInteger },
  match: {
    expected: 'an object of the strings method, path, containsKey and containsText',
    accepts: (v) =>
      isObject(v) && hasOnly(v, ['method', 'path', 'containsKey', 'containsText']) && isStrings(v),
  },
  respond: {
    expected: 'an object: status from 200 to 599, headers of strings, body a string or JSON',
    accepts: isResponse,
  },
  delayMs: { expected: 'a number, not negative', accepts: (v) => typeof v === 'number' && v >= 0 },
  afterStoring: { expected: 'true or false', accepts: (v) => typeof v === 'boolean' },
  hang: { expected: 'true or false', accepts: (v) => typeof v === 'boolean' },
  cut: { expected: "'before' or 'mid-response'", accepts: (v) => v === 'before' || v === 'mid-response' },
};

export type ParsedFaults = { ok: true; faults: Fault[] } | { ok: false; problems: string[] };

/** Reads an array of faults; a misspelt fault that never acts would make a test pass for nothing. */
export function parseFaults(name: string, value: unknown): ParsedFaults {
  if (!Array.isArray(value)) return { ok: false, problems: [`${name}: expected an array of faults`] };
  const problems = value.flatMap((fault, index) => findProblems(`${name}[${index}]`, fault));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, faults: value as Fault[] };
}

function findProblems(at: string, fault: unknown): string[] {
  if (!isObject(fault)) return [`${at}: expected an object`];
  return Object.entries(fault).flatMap(([name, value]) => {
    if (!Object.hasOwn(FIELDS, name)) return [`${at}.${name}: no such field`];
    const { expected, accepts } = FIELDS[name as keyof Fault];
    return accepts(value) ? [] : [`${at}.${name}: expected ${expected}`];
  });
}

function isPositive(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}

function isStrings(value: Record<string, unknown>): boolean {
  return Object.values(value).every((item) => typeof item === 'string');
}

function hasOnly(value: Record<string, unknown>, names: string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}

function isResponse(value: unknown): boolean {
  if (!isObject(value) || !hasOnly(value, ['status', 'headers', 'body'])) return false;
  const { status, headers, body } = value;
  if (!Number.isInteger(status) || (status as number) < 200 || (status as number) > 599) return false;
  if (headers !== undefined && !(isObject(headers) && isStrings(headers))) return false;
  return body === undefined || typeof body === 'string' || (typeof body === 'object' && body !== null);
}

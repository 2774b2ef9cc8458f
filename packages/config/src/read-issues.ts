import { suggest } from '@meterbridge/segment-events';
import type * as z from 'zod';
import type { ConfigProblem, ProblemPath } from './problem.js';

type Issue = z.core.$ZodIssue;

/**
 * zod's issues as problems: one an unknown key, with the key that was probably meant.
 * @param jsonSchema of what was read: it names the keys there are
 */
export function readIssues(
  issues: readonly Issue[],
  jsonSchema: () => unknown,
  base: ProblemPath = [],
): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    const path = [...base, ...(issue.path as (string | number)[])];
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({
          path: [...path, key],
          message: describeUnknownKey(key, jsonSchema),
        }));
      case 'invalid_union':
        return readUnion(issue, jsonSchema, path);
      default:
        return [{ path, message: describeIssue(issue) }];
    }
  });
}

/** What a type is called where it is written. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list, each entry behind "- "',
  object: 'keys with their values',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
  undefined: 'nothing',
};

/** An issue in words that say what to write. */
function describeIssue(issue: Issue): string {
  const message = issue.message.replace(/^Invalid (input|option): /, '');
  // What has words of its own keeps them.
  if (issue.code === 'invalid_type') {
    const [, received] = /^expected \w+, received (\w+)$/.exec(message) ?? [];
    if (received === undefined) return message;
    const found = TYPES[received]?.replace(/,.*/, '') ?? received;
    return `expected ${TYPES[issue.expected] ?? issue.expected}; found ${found}`;
  }
  if (issue.code === 'too_small' && message.startsWith('Too small')) {
    if (issue.origin === 'array') return `expected ${issue.minimum} entry at least`;
    if (issue.origin === 'string') return 'expected a text that is not empty';
    return `expected a number ${issue.inclusive ? 'from' : 'above'} ${issue.minimum}`;
  }
  if (issue.code === 'too_big' && message.startsWith('Too big')) {
    return `expected a number up to ${issue.maximum}`;
  }
  return message;
}

/** Of several forms a value may have, the problems of the one that was probably meant. */
function readUnion(
  issue: Issue & { code: 'invalid_union' },
  jsonSchema: () => unknown,
  path: ProblemPath,
): ConfigProblem[] {
  if (issue.discriminator) {
    const types = 'options' in issue ? ` ${(issue.options as string[]).join(' or ')}` : ' a known one';
    return [{ path, message: `expected${types}` }];
  }
  // A union that has words of its own needs none of ours.
  if (issue.message !== 'Invalid input') return [{ path, message: issue.message }];
  const forms = issue.errors
    .filter((issues) => !issues.some(isOtherForm))
    .map((issues) => readIssues(issues, jsonSchema, path))
    .sort((a, b) => a.length - b.length);
  const expected =
    'expected a path, a list of paths, or { path: … }; the same for every event is { value: … }';
  return forms[0] ?? [{ path, message: expected }];
}

/** Whether a form failed for being of another type altogether: text where an object stands. */
function isOtherForm(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((issues) => issues.some(isOtherForm));
  return issue.code === 'invalid_type';
}

function describeUnknownKey(key: string, jsonSchema: () => unknown): string {
  const meant = suggest(key, collectKeys(jsonSchema(), new Set()));
  if (meant === key) return 'this key does not belong here';
  return meant === undefined ? 'unknown key' : `unknown key; did you mean ${meant}?`;
}

function collectKeys(schema: unknown, keys: Set<string>): Set<string> {
  if (typeof schema !== 'object' || schema === null) return keys;
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'properties') for (const key of Object.keys(value as object)) keys.add(key);
    collectKeys(value, keys);
  }
  return keys;
}

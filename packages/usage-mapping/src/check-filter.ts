import { compileFql, type FqlProblem, findImpossible } from '@meterbridge/fql';
import { findRootProblem, rootFieldOf, suggest } from '@meterbridge/segment-events';

/** A filter over Segment's events that can be read and can match, or all that is wrong with it. */
export type CheckedFilter =
  | { ok: true; matches: (event: unknown) => boolean }
  | { ok: false; problems: FqlProblem[] };

/** Segment's own word, which only webhooks send: excluded with reason, and taken by nothing. */
const ABSENT_TYPES = ['delete'];

/**
 * Compiles a filter over Segment's events and refuses what can never match: a filter that takes nothing looks
 * like a quiet day. Only what is proven is refused.
 */
export function compileFilter(text: string): CheckedFilter {
  const compiled = compileFql(text);
  if (!compiled.ok) return { ok: false, problems: [compiled.problem] };
  const problems = findImpossible(text, {
    problemOf: findRootProblem,
    fieldOf(path) {
      const field = rootFieldOf(path);
      return field?.words ? { ...field, absent: ABSENT_TYPES } : field;
    },
    nearest: suggest,
  });
  return problems.length > 0 ? { ok: false, problems } : compiled;
}

/** A problem of a filter as one line, with its place in the filter. */
export function describeFilterProblem({ line, column, message }: FqlProblem): string {
  return `line ${line}, column ${column}: ${message}`;
}

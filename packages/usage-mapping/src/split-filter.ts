import { compileMatches, type FqlNode, type FqlProblem, parseFql } from '@meterbridge/fql';
import { pathsOf } from './filter-paths.js';

/** Both have to hold, and each is left out where it asks for nothing. Neither ever throws. */
export type SplitFilter = {
  /** What an event's `type` and `event` say alone. */
  byName?: (event: unknown) => boolean;
  byRest?: (event: unknown) => boolean;
};

/**
 * Compiles a filter in two parts: the conditions, joined by `and`, that read nothing but `type` and `event`, which are the
 * same for all events of one name, and the others.
 */
export function splitFilter(
  when: string,
): { ok: true; filter: SplitFilter } | { ok: false; problem: FqlProblem } {
  const parsed = parseFql(when);
  if (!parsed.ok) return parsed;
  const { ast } = parsed;
  const operands = ast.kind === 'and' ? ast.operands : [ast];
  return {
    ok: true,
    filter: {
      byName: compileAll(
        ast,
        operands.filter((operand) => readsNameOnly(operand)),
      ),
      byRest: compileAll(
        ast,
        operands.filter((operand) => !readsNameOnly(operand)),
      ),
    },
  };
}

function readsNameOnly(condition: FqlNode): boolean {
  return pathsOf(condition).every(([field, ...more]) => {
    return more.length === 0 && (field === 'type' || field === 'event');
  });
}

function compileAll(whole: FqlNode, operands: readonly FqlNode[]): SplitFilter['byName'] {
  if (operands.length === 0) return undefined;
  return compileMatches(operands.length === 1 ? operands[0]! : { ...whole, kind: 'and', operands });
}

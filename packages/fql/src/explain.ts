import type { FqlNode } from './ast.js';
import { compileMatches, compileReader } from './compile.js';
import { parseFql } from './parse.js';
import type { FqlProblem } from './problem.js';

/**
 * One part of a filter and what it came to. `and`, `or` and `not` are made of parts; a condition (a comparison,
 * a function, a field) is true or false by itself.
 */
export type FqlPart = {
  /** The part as it stands in the text, without parentheses around it. */
  source: string;
  matches: boolean;
} & (
  | { kind: 'and' | 'or' | 'not'; parts: FqlPart[] }
  | {
      kind: 'condition';
      /** The fields it read, as written, with what the event holds there; a missing one is null. */
      reads: { path: string; value: unknown }[];
    }
);

export type Explanation = { ok: true; matches: boolean; root: FqlPart } | { ok: false; problem: FqlProblem };

/** Says for one event what each part of a filter came to, for a preview. Its answer holds event data. */
export function explainFql(text: string, event: unknown): Explanation {
  const parsed = parseFql(text);
  if (!parsed.ok) return parsed;
  const root = explain(parsed.ast);
  return { ok: true, matches: root.matches, root };

  function explain(node: FqlNode): FqlPart {
    const common = { source: sourceOf(node), matches: compileMatches(node)(event) };
    switch (node.kind) {
      case 'and':
      case 'or':
        return { ...common, kind: node.kind, parts: node.operands.map(explain) };
      case 'not':
        return { ...common, kind: 'not', parts: [explain(node.operand)] };
      default: {
        const reads = pathsOf(node).map((path) => ({ path: sourceOf(path), value: readSafely(path, event) }));
        return { ...common, kind: 'condition', reads };
      }
    }
  }

  function sourceOf(node: FqlNode): string {
    return text.slice(node.start, node.end);
  }
}

function pathsOf(node: FqlNode): FqlNode[] {
  switch (node.kind) {
    case 'literal':
      return [];
    case 'path':
      return [node];
    case 'call':
      return node.args.flatMap(pathsOf);
    case 'compare':
      return [node.left, node.right].flatMap(pathsOf);
    case 'not':
      return pathsOf(node.operand);
    default:
      return node.operands.flatMap(pathsOf);
  }
}

function readSafely(path: FqlNode, event: unknown): unknown {
  try {
    return compileReader(path)(event);
  } catch {
    return null;
  }
}

import type { FqlNode } from './ast.js';
import { compileMatches, compileReader } from './compile.js';
import { parseFql } from './parse.js';
import type { FqlProblem } from './problem.js';

/** One comparison, function or field of a filter that is true or false by itself, and why. */
export type FqlLeaf = {
  /** The condition as it stands in the text. */
  source: string;
  matches: boolean;
  /** The fields it read, as written, with what the event holds there; a missing one is null. */
  reads: { path: string; value: unknown }[];
};

export type Explanation =
  | { ok: true; matches: boolean; leaves: FqlLeaf[] }
  | { ok: false; problem: FqlProblem };

/** Says for one event what each condition of a filter found, for a preview. Its answer holds event data. */
export function explainFql(text: string, event: unknown): Explanation {
  const parsed = parseFql(text);
  if (!parsed.ok) return parsed;
  const leaves = leavesOf(parsed.ast).map((leaf) => ({
    source: sourceOf(leaf),
    matches: compileMatches(leaf)(event),
    reads: pathsOf(leaf).map((path) => ({ path: sourceOf(path), value: readSafely(path, event) })),
  }));
  return { ok: true, matches: compileMatches(parsed.ast)(event), leaves };

  function sourceOf(node: FqlNode): string {
    return text.slice(node.start, node.end);
  }
}

function leavesOf(node: FqlNode): FqlNode[] {
  if (node.kind === 'and' || node.kind === 'or') return node.operands.flatMap(leavesOf);
  return node.kind === 'not' ? leavesOf(node.operand) : [node];
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
    default:
      return leavesOf(node).flatMap(pathsOf);
  }
}

function readSafely(path: FqlNode, event: unknown): unknown {
  try {
    return compileReader(path)(event);
  } catch {
    return null;
  }
}

import type { FqlNode } from './ast.js';
import { casesOf } from './cases.js';
import { parseFql } from './parse.js';
import { type FqlProblem, problemAt } from './problem.js';
import { sketch } from './sketch.js';

/**
 * Finds what excludes no event in a filter that can be read: `true`, and conditions joined by `or` of which one holds
 * whatever an event is, as `type = "track" or type != "track"`. It reports only what is proven, as `findImpossible`
 * does, its opposite.
 */
export function findAlwaysTrue(text: string): FqlProblem[] {
  const parsed = parseFql(text);
  if (!parsed.ok) return [];
  return visit(parsed.ast, true).map((node) =>
    problemAt(text, node.start, `found ${sketch(node, text)}, which excludes no event`),
  );

  function visit(node: FqlNode, wanted: boolean): FqlNode[] {
    switch (node.kind) {
      case 'not':
        return visit(node.operand, !wanted);
      case 'and':
      case 'or': {
        const isAlternative = (node.kind === 'or') === wanted;
        if (isAlternative && casesOf(node, !wanted)?.length === 0) return [node];
        return node.operands.flatMap((operand) => visit(operand, wanted));
      }
      case 'literal':
        return node.value === wanted ? [node] : [];
      default:
        return [];
    }
  }
}

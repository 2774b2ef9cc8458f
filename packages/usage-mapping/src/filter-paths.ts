import { type FqlNode, parseFql } from '@meterbridge/fql';

/** Every path that a filter reads, as its keys, once each. None of a filter that cannot be parsed. */
export function filterPaths(when: string): (readonly string[])[] {
  const parsed = parseFql(when);
  if (!parsed.ok) return [];
  return [...new Map(pathsOf(parsed.ast).map((path) => [JSON.stringify(path), path])).values()];
}

/** Every path that a condition reads, as often as it does. */
export function pathsOf(node: FqlNode): (readonly string[])[] {
  switch (node.kind) {
    case 'literal':
      return [];
    case 'path':
      return [node.segments];
    case 'call':
      return node.args.flatMap(pathsOf);
    case 'compare':
      return [...pathsOf(node.left), ...pathsOf(node.right)];
    case 'not':
      return pathsOf(node.operand);
    default:
      return node.operands.flatMap(pathsOf);
  }
}

import type { FqlNode } from './ast.js';
import { type Cursor, refuse } from './cursor.js';
import { FUNCTIONS } from './functions.js';
import { type FqlType, typeOf } from './values.js';

/**
 * Refuses an operand that can never be of the type its place asks for: such a filter would load and then
 * quietly match nothing. A field may hold anything, and null is allowed everywhere.
 */
export function mayBe(cursor: Cursor, node: FqlNode, types: readonly FqlType[], place: string): boolean {
  const type = knownType(node);
  if (type === undefined || type === 'null' || types.includes(type)) return true;
  refuse(cursor, node.start, `found a ${type} ${place}, expected a ${types.join(' or ')}`);
  return false;
}

/** The type a node's value has whatever the event holds; undefined for a field. */
function knownType(node: FqlNode): FqlType | undefined {
  switch (node.kind) {
    case 'path':
      return undefined;
    case 'literal':
      return typeOf(node.value);
    case 'call':
      return FUNCTIONS.get(node.name)?.returns;
    default:
      return 'bool';
  }
}

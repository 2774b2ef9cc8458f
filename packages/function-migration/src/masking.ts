import type { AnyNode } from 'acorn';
import { lookUp, type Scope, type Sym } from './symbols.js';

/**
 * Whether a function hides what it is given, as Hyperline's guide does (`J***`): it writes stars, or calls a
 * function beside it that does.
 */
export function masks(closure: Sym & { kind: 'closure' }, seen: ReadonlySet<unknown> = new Set()): boolean {
  if (seen.has(closure.node)) return false;
  return writesStars(closure.node.body, closure.scope, new Set([...seen, closure.node]));
}

function writesStars(node: AnyNode, scope: Scope, seen: ReadonlySet<unknown>): boolean {
  if (node.type === 'Literal') return typeof node.value === 'string' && node.value.includes('**');
  if (node.type === 'TemplateElement') return node.value.raw.includes('**');
  if (node.type === 'Identifier') {
    const named = lookUp(scope, node.name);
    return named?.kind === 'closure' && masks(named, seen);
  }
  return childrenOf(node).some((child) => writesStars(child, scope, seen));
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flatMap((value: unknown) =>
    (Array.isArray(value) ? value : [value]).filter(isNode),
  );
}

function isNode(value: unknown): value is AnyNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}

import type { FqlNode } from './ast.js';
import { lex } from './lex.js';

const MAX_LENGTH = 60;

/** A condition as it is written, without the strings it compares with: they may be somebody's address. */
export function sketch(node: FqlNode, text: string): string {
  const source = text.slice(node.start, node.end);
  let shown = '';
  let from = 0;
  for (const token of lex(source)) {
    if (token.kind !== 'string') continue;
    shown += `${source.slice(from, token.start)}"…"`;
    from = token.end;
  }
  shown = (shown + source.slice(from)).replaceAll(/\s+/g, ' ');
  return shown.length <= MAX_LENGTH ? shown : `${shown.slice(0, MAX_LENGTH)}…`;
}

import { constant, type Sym } from './symbols.js';

/** Text put together; constants run into each other, and a single part is just that as text. */
export function joinText(parts: readonly Sym[]): Sym {
  const joined: Sym[] = [];
  for (const part of parts.flatMap((each) => (each.kind === 'text' ? each.parts : [each]))) {
    const last = joined.at(-1);
    if (part.kind === 'constant' && last?.kind === 'constant') {
      joined[joined.length - 1] = constant(`${last.value}${part.value}`);
    } else if (part.kind !== 'constant' || part.value !== '') joined.push(part);
  }
  const [only, ...others] = joined;
  if (only === undefined) return constant('');
  if (others.length > 0) return { kind: 'text', parts: joined };
  if (only.kind === 'path') return { kind: 'converted', as: 'string', of: only };
  return only.kind === 'constant' ? constant(String(only.value)) : only;
}

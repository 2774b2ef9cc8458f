import { mayHoldInexactNumber, quoteInexactNumbers } from './long-numbers.js';

/**
 * JSON.parse for text from the network. Numbers that a double cannot hold become strings with the
 * digits that were sent, and `__proto__` keys are dropped. V8's JSON.parse keeps its own stack, so no depth of nesting
 * throws here; whoever walks the result has to bound it.
 * @returns undefined where the text is not JSON (JSON itself has no undefined).
 */
export function parseJson(text: string): unknown {
  const json = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
    if (mayHoldInexactNumber(json)) value = JSON.parse(quoteInexactNumbers(json));
  } catch {
    return undefined;
  }
  // Every escaped spelling of an ASCII letter or underscore begins with \u00.
  if (json.includes('__proto__') || json.includes('\\u00')) dropPrototypeKeys(value);
  return value;
}

/** An own `__proto__` property would become the prototype of whatever its object is assigned to. */
function dropPrototypeKeys(root: unknown): void {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
    for (const child of Object.values(value)) waiting.push(child);
  }
}

/** A path read from text: the keys from the root down, or what is wrong with the text. */
export type SplitPath = { ok: true; path: string[] } | { ok: false; problem: string };

/**
 * Splits a dotted path such as `properties.tokens` into its keys. A backslash takes the next character
 * as it is: `properties.a\.b` reads the property called `a.b`.
 */
export function splitPath(text: string): SplitPath {
  const path: string[] = [];
  let key = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') {
      at++;
      if (at === text.length) return { ok: false, problem: 'a path may not end in a backslash' };
      key += text[at];
    } else if (text[at] === '.') {
      path.push(key);
      key = '';
    } else {
      key += text[at];
    }
  }
  path.push(key);
  if (path.includes('')) return { ok: false, problem: 'a path needs a key between its dots' };
  if (path.includes('__proto__')) return { ok: false, problem: 'a path may not name __proto__' };
  return { ok: true, path };
}

/**
 * What stands at the end of a path, or undefined. Only what the sender wrote is read: properties of the
 * prototype (`constructor`) and the length of a list are not there. A list's items go by their index.
 */
export function readPath(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    if (key === 'length' && Array.isArray(current)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}

/**
 * A reader for one dotted path, to be made once and used for every event.
 * @throws {TypeError} where the text is no path; check it with `splitPath` where an operator wrote it.
 */
export function compilePath(text: string): (value: unknown) => unknown {
  const split = splitPath(text);
  if (!split.ok) throw new TypeError(split.problem);
  const { path } = split;
  return (value) => readPath(value, path);
}

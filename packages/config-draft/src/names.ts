/** A name for a rule, from an event's name: what the configuration allows, and never empty. */
export function slug(text: string): string {
  const words = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return words.slice(0, 50).replace(/-+$/, '') || 'usage';
}

/** The same text in the manner of a billable metric's code: `api_call`. */
export function snakeCase(text: string): string {
  return slug(text).replaceAll('-', '_');
}

/** Names made different from each other by a number behind the later ones. */
export function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let candidate = name;
    for (let n = 2; taken.has(candidate); n++) candidate = `${name}-${n}`;
    taken.add(candidate);
    return candidate;
  });
}

/** Text as a string of FQL. */
export function quoteFql(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** A key as a part of a path of a mapping: a dot or a backslash of its own is escaped. */
export function escapeKey(key: string): string {
  return key.replace(/[\\.]/g, '\\$&');
}

/** A key as a part of a path in FQL, which wants more characters escaped. */
export function escapeFqlKey(key: string): string {
  return key.replace(/[^a-zA-Z0-9_-]/gu, '\\$&');
}

/** Text as a pattern that only this text matches. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]^\\-]/g, '\\$&');
}

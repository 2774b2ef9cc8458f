/** A copy of a value with one place changed; `undefined` takes it out. */
export function withChange<T>(value: T, path: readonly (string | number)[], change: unknown): T {
  const copy = structuredClone(value);
  // biome-ignore lint/suspicious/noExplicitAny: any path into any value
  let at: any = copy;
  for (const key of path.slice(0, -1)) at = at[key];
  const last = path.at(-1)!;
  if (change === undefined) delete at[last];
  else at[last] = change;
  return copy;
}

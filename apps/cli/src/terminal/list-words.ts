/** Words as one says them: `a, b or c`. At least one. */
export function listWords(words: readonly string[], joint: 'and' | 'or'): string {
  const last = words.at(-1)!;
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} ${joint} ${last}`;
}

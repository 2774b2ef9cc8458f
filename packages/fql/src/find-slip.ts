/** What another language writes otherwise, where it stands, and what to write here. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/(?<==)=/y, 'equality is written with one ='],
  [/(?<=<)>/y, 'unequal is written !='],
  [/(?<==)>/y, '"at least" is written >='],
  [/(?<==)</y, '"at most" is written <='],
  [/(?<=[=!])~|~/y, "a pattern is written match(event, 'a*')"],
  [/&/y, '"and" is written as a word'],
  [/\|/y, '"or" is written as a word'],
  [/;/y, 'a filter is one condition, joined by "and" or "or"'],
  [/[\u2018-\u201f\u00ab\u00bb`]/y, 'text stands in straight quotes, " or \''],
  [/[\u00a0\u2000-\u200b]/y, 'write an ordinary space'],
  [/,(?<=\bin\s*\([^()]*)/y, "a list stands in brackets: event in ['a', 'b']"],
  [/(?:AND|OR|IN|TRUE|FALSE|NULL)\b/y, 'write it in lower case'],
  [/not\s+in\b/iy, "write !(event in ['a', 'b'])"],
  [/(?<=^\s*|[(!]\s*|\b(?:and|or)\s+)not\b/iy, 'write ! and parentheses: !(event = "a")'],
  [/(?<=\bnot\s+)[\w(]/iy, 'write ! and parentheses: !(event = "a")'],
  [/is\b/iy, 'write = null or != null'],
  [/(?:like|matches|glob)\b/iy, "a pattern is written match(event, 'a*')"],
  [/(?:contains|includes)\b/iy, "write contains(event, 'text')"],
  [/(?<=[=<>]\s*[\w-]+\s+)\w/y, 'text stands in quotes: event = "API Call"'],
];

/**
 * What to write instead of what another language writes otherwise.
 * @param offset where the reader could not go on
 * @returns undefined where it is no slip that is known
 */
export function findSlip(text: string, offset: number): string | undefined {
  return SIGNS.find(([pattern]) => {
    pattern.lastIndex = offset;
    return pattern.test(text);
  })?.[1];
}

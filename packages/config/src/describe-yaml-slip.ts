import type { ErrorCode } from 'yaml';

const INDENT = 'the indentation is none of those above: keys of one object begin in one column';

/** What to write, by what the reader of YAML stumbled over. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'a tab; indent with spaces',
  BAD_INDENT: INDENT,
  BLOCK_AS_IMPLICIT_KEY: `${INDENT}, and text with ": " in it stands in quotes`,
  BAD_SCALAR_START: 'text that begins with this character stands in quotes',
  DUPLICATE_KEY: 'this key is there already',
  MULTILINE_IMPLICIT_KEY: 'behind a key come a colon and a space',
  MISSING_CHAR: 'a sign is missing: the colon and space behind a key, or the closing quote or bracket',
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
const IN_BRACKETS = 'inside { } and [ ] write "${NAME}" with quotes';

/**
 * What is wrong where YAML cannot be read, what to write, and in which line. It shows nothing of the text: that may be
 * a key.
 * @param line from 1
 * @param column from 1
 */
export function describeYamlSlip(
  text: string,
  code: ErrorCode,
  { line, column }: { line: number; column: number },
): { line: number; message: string } {
  const lines = text.split('\n');
  // A line that is indented too far is read as the rest of the one before.
  for (const at of code === 'TAB_AS_INDENT' ? [] : [line, line + 1]) {
    const found = findWrongIndent(lines, at - 1);
    if (!found) continue;
    const { begins, expected, what } = found;
    const message = `the line begins in column ${begins}, and the ${what} above in column ${expected}`;
    return { line: at, message };
  }
  const advice = ADVICE[code] ?? code.toLowerCase().replaceAll('_', ' ');
  const isInBrackets = /[{[][^}\]]*(?<!["'])\$\{/.test(lines[line - 1] ?? '');
  return { line, message: `${advice} (column ${column})${isInBrackets ? `; ${IN_BRACKETS}` : ''}` };
}

/** A line's beginning: of an entry of a list, or of a key; at which column, from 0. */
type Level = { at: number; isEntry: boolean; opens: boolean };

/** Holds where a line begins against the lines above it, as far as they are plain keys and entries of lists. */
function findWrongIndent(
  lines: readonly string[],
  wrong: number,
): { begins: number; expected: number; what: string } | undefined {
  let open: Level[] = [];
  for (const line of lines.slice(0, wrong)) {
    const levels = levelsOf(line);
    if (levels.length > 0) open = [...open.filter(({ at }) => at < levels[0]!.at), ...levels];
  }
  const [level] = levelsOf(lines[wrong] ?? '');
  const last = open.at(-1);
  if (!level || !last || (level.at > last.at && last.opens)) return undefined;
  const isListOfKey = level.isEntry && last.opens && level.at === last.at;
  const peers = open.filter(({ isEntry }) => isEntry === level.isEntry);
  if (isListOfKey || peers.some(({ at }) => at === level.at)) return undefined;
  // Of two that are as near the inner one: it was written last.
  const nearest = peers
    .toReversed()
    .toSorted((one, other) => Math.abs(one.at - level.at) - Math.abs(other.at - level.at))[0];
  if (!nearest) return undefined;
  const what = level.isEntry ? 'entries of the list' : 'keys';
  return { begins: level.at + 1, expected: nearest.at + 1, what };
}

function levelsOf(line: string): Level[] {
  const [, indent = '', dash = '', key] = /^( *)((?:- +)?)([\w"'.-]+ *:)?(?=\s|$|[^\s#])/.exec(line) ?? [];
  if (dash === '' && key === undefined) return [];
  const opens = /:\s*(?:#.*)?$/.test(line);
  const levels: Level[] = dash === '' ? [] : [{ at: indent.length, isEntry: true, opens: true }];
  return key === undefined ? levels : [...levels, { at: indent.length + dash.length, isEntry: false, opens }];
}

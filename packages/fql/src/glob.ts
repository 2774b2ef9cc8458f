/** One step of a pattern; characters are code points, so `?` takes a whole emoji. */
type GlobStep =
  | 'star'
  | 'any'
  | number
  | { negated: boolean; ranges: readonly (readonly [number, number])[] };

/**
 * Compiles a glob to a matcher of whole strings: `*`, `?`, `[abc]`, `[a-z]`, `[^a-z]`, `\x`; case-sensitive,
 * and `/` is a character like any other. A malformed pattern (an open class, an empty one, a range that
 * runs backwards, a backslash at the end) matches nothing.
 *
 * Only the last star is ever widened, so time is at most text length times pattern length: the text comes
 * from the network.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const steps = readGlob(pattern);
  return steps === undefined ? () => false : (text) => matchesSteps(steps, text);
}

/** Whether a pattern is well-formed; another one matches nothing. */
export function isGlob(pattern: string): boolean {
  return readGlob(pattern) !== undefined;
}

function matchesSteps(steps: readonly GlobStep[], text: string): boolean {
  let at = 0;
  let step = 0;
  let afterStar = -1;
  let starEnd = 0;
  while (at < text.length) {
    const current = steps[step];
    const point = text.codePointAt(at)!;
    if (current === 'star') {
      afterStar = ++step;
      starEnd = at;
    } else if (current !== undefined && accepts(current, point)) {
      step++;
      at += widthOf(point);
    } else if (afterStar >= 0) {
      starEnd += widthOf(text.codePointAt(starEnd)!);
      at = starEnd;
      step = afterStar;
    } else return false;
  }
  while (steps[step] === 'star') step++;
  return step === steps.length;
}

function accepts(step: Exclude<GlobStep, 'star'>, point: number): boolean {
  if (typeof step === 'number') return step === point;
  if (step === 'any') return true;
  return step.ranges.some(([low, high]) => low <= point && point <= high) !== step.negated;
}

function widthOf(point: number): 1 | 2 {
  return point > 0xffff ? 2 : 1;
}

function readGlob(pattern: string): GlobStep[] | undefined {
  const characters = [...pattern];
  const steps: GlobStep[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') steps.push('star');
    else if (character === '?') steps.push('any');
    else if (character === '[') {
      const read = readClass(characters, at + 1);
      if (read === undefined) return undefined;
      steps.push(read.step);
      at = read.closesAt;
    } else {
      const read = readMember(characters, at);
      if (read === undefined) return undefined;
      steps.push(read.point);
      at = read.next - 1;
    }
  }
  return steps;
}

/** Reads a class from behind its `[`. Inside it `]` and `-` stand for themselves only behind a backslash. */
function readClass(characters: readonly string[], start: number) {
  const negated = characters[start] === '^';
  const ranges: [number, number][] = [];
  let at = negated ? start + 1 : start;
  while (characters[at] !== ']') {
    const low = readMember(characters, at, ['-']);
    if (low === undefined) return undefined;
    const isRange = characters[low.next] === '-';
    const high = isRange ? readMember(characters, low.next + 1, ['-', ']']) : low;
    if (high === undefined || high.point < low.point) return undefined;
    ranges.push([low.point, high.point]);
    at = high.next;
  }
  return ranges.length === 0 ? undefined : { step: { negated, ranges }, closesAt: at };
}

/** Reads one character, itself or behind a backslash; undefined at the end and on one of `refused`. */
function readMember(characters: readonly string[], at: number, refused: readonly string[] = []) {
  const isEscape = characters[at] === '\\';
  const character = characters[isEscape ? at + 1 : at];
  if (character === undefined || (!isEscape && refused.includes(character))) return undefined;
  return { point: character.codePointAt(0)!, next: at + (isEscape ? 2 : 1) };
}

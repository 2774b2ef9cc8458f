import { diffArrays } from 'diff';

/** One line of two texts that stand beside each other; what the one has no counterpart for is left out. */
export type SideLine = { left?: string; right?: string; mark: ' ' | '|' | '<' | '>' };

/** Pure. `|` changed, `<` only left, `>` only right. */
export function alignSides(left: readonly string[], right: readonly string[]): SideLine[] {
  const lines: SideLine[] = [];
  let removed: string[] = [];
  const flush = (added: readonly string[]) => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      const [one, other] = [removed[at], added[at]];
      if (one === undefined) lines.push({ right: other!, mark: '>' });
      else if (other === undefined) lines.push({ left: one, mark: '<' });
      else lines.push({ left: one, right: other, mark: '|' });
    }
    removed = [];
  };
  for (const part of diffArrays([...left], [...right])) {
    if (part.removed) removed = part.value;
    else if (part.added) flush(part.value);
    else {
      flush([]);
      for (const same of part.value) lines.push({ left: same, right: same, mark: ' ' });
    }
  }
  flush([]);
  return lines;
}

export type SideTitles = { left: string; right: string };

/** How each side's differing lines are made to stand out; by default they do not. */
export type SideStyles = { left: (text: string) => string; right: (text: string) => string };

const PLAIN: SideStyles = { left: (text) => text, right: (text) => text };

/**
 * Lays two texts out beside each other, marked where they differ. What is wider than its half goes on below.
 * @param width of both together, in characters
 */
export function renderSides(
  left: string,
  right: string,
  titles: SideTitles,
  width: number,
  styles: SideStyles = PLAIN,
): string {
  const [lefts, rights] = [left.split('\n'), right.split('\n')];
  const longest = (lines: readonly string[]) => Math.max(...lines.map(({ length }) => length));
  const half = Math.floor((width - GAP) / 2);
  const leftWidth = Math.max(1, Math.min(longest([titles.left, ...lefts]), half));
  const rightWidth = Math.max(1, Math.min(longest([titles.right, ...rights]), width - GAP - leftWidth));
  const lines: SideLine[] = [{ ...titles, mark: ' ' }, ...alignSides(lefts, rights)];
  return lines
    .flatMap(({ left = '', right = '', mark }) => {
      const [ones, others] = [wrap(left, leftWidth), wrap(right, rightWidth)];
      return Array.from({ length: Math.max(ones.length, others.length) }, (_, at) => {
        const one = (ones[at] ?? '').padEnd(leftWidth);
        const other = others[at] ?? '';
        const isSame = mark === ' ';
        return `${isSame ? one : styles.left(one)} ${mark} ${isSame ? other : styles.right(other)}`.trimEnd();
      });
    })
    .join('\n');
}

const GAP = ' | '.length;

/** Between words where there are some behind the indentation, and within one where it is longer than a line. */
function wrap(text: string, width: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const isBetweenWords = space > rest.search(/[^ ]/);
    pieces.push(rest.slice(0, isBetweenWords ? space : width));
    rest = rest.slice(isBetweenWords ? space + 1 : width);
  }
  return [...pieces, rest];
}

import stringWidth from 'fast-string-width';
import { STANDARD_WIDTH } from './break-line.js';
import { type Style, style } from './style.js';
import { visible } from './visible.js';

export type Column = {
  head: string;
  align?: 'right';
  /** Text that may go on below itself, down to this width in characters. Left out: it is as wide as it is. */
  minWidth?: number;
  /** Where the table is too wide, the column of the highest rank goes first. Left out: it stays. */
  dropRank?: number;
};

/** What stands in a column: text of one line, and how it stands out. */
export type Cell = string | { text: string; how: Style };

export type Table = {
  columns: readonly Column[];
  rows: readonly (readonly Cell[])[];
  /** The sum of the rows, below a rule. */
  total?: readonly Cell[];
};

export type TableOptions = { wide?: boolean };

const GAP = '  ';
/** Where even what has to stay is too wide, text is cut into pieces like this. */
const NARROWEST = 6;

/** Characters a table may take: those of the terminal; all it wants where there is none, or `--wide` was said. */
export function tableWidth({ wide = false }: TableOptions = {}): number {
  return process.stdout.isTTY && !wide ? process.stdout.columns || STANDARD_WIDTH : Number.POSITIVE_INFINITY;
}

/**
 * A table in no more than the given width: columns give way by their rank, and what they are is said below; text that
 * is still too long goes on in its column, and is broken between words. Pure but for styles.
 * @param width in characters
 */
export function renderTable({ columns, rows, total }: Table, width: number): string {
  const all = [...rows, ...(total ? [total] : [])].map((row) => row.map(toText));
  const sizes = columns.map((column, at) =>
    sizeOf(
      column,
      all.map((row) => row[at]!.text),
    ),
  );
  const shown = chooseColumns(columns, sizes, width);
  const widths = fitWidths(
    shown.map((at) => sizes[at]!),
    width,
  );
  const lines = (row: readonly Text[]) =>
    renderRow(shown.map((at, index) => ({ ...row[at]!, width: widths[index]!, align: columns[at]!.align })));
  const rule = style('dim', '─'.repeat(widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length)));
  const head = columns.map((column) => ({ text: column.head, how: 'bold' as const }));
  const body = all.slice(0, rows.length).flatMap(lines);
  const dropped = columns.filter((_, at) => !shown.includes(at)).map(({ head }) => head);
  return [
    ...lines(head),
    rule,
    ...body,
    ...(total ? [rule, ...lines(all.at(-1)!)] : []),
    ...(dropped.length > 0 ? [style('dim', `Not shown here: ${dropped.join(', ')} (--wide)`)] : []),
  ].join('\n');
}

type Text = { text: string; how?: Style };

function toText(cell: Cell): Text {
  return typeof cell === 'string' ? { text: visible(cell) } : { ...cell, text: visible(cell.text) };
}

/** How wide a column wants to be, and how narrow it may become. */
type Size = { natural: number; min: number };

function sizeOf({ head, minWidth }: Column, texts: readonly string[]): Size {
  const widest = Math.max(0, ...texts.map((text) => stringWidth(text)));
  const natural = Math.max(widest, stringWidth(head));
  // The words of a head may stand below each other before a number gives way.
  const words = Math.max(...head.split(' ').map((word) => stringWidth(word)));
  return { natural, min: Math.min(natural, minWidth ?? Math.max(widest, words)) };
}

/** The columns that there is room for, by their place. */
function chooseColumns(columns: readonly Column[], sizes: readonly Size[], width: number): number[] {
  const shown = columns.map((_, at) => at);
  const isTooWide = () => sumOf(shown.map((at) => sizes[at]!.min)) > width;
  const inOrder = shown
    .filter((at) => columns[at]!.dropRank !== undefined)
    .sort((one, other) => columns[other]!.dropRank! - columns[one]!.dropRank!);
  for (const at of inOrder) if (isTooWide()) shown.splice(shown.indexOf(at), 1);
  return shown;
}

/** Takes what is too much from the widest first; of those that can give no more, from all. */
function fitWidths(sizes: readonly Size[], width: number): number[] {
  const widths = sizes.map(({ natural }) => natural);
  for (const floors of [sizes.map(({ min }) => min), sizes.map(({ min }) => Math.min(min, NARROWEST))]) {
    while (sumOf(widths) > width) {
      const givers = widths.map((each, at) => (each > floors[at]! ? each : 0));
      const widest = Math.max(...givers);
      if (widest === 0) break;
      widths[givers.indexOf(widest)]! -= 1;
    }
  }
  return widths;
}

function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1);
}

function renderRow(cells: readonly (Text & { width: number; align?: 'right' })[]): string[] {
  const columns = cells.map(({ text, width }) => wrap(text, width));
  const height = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) => {
    const line = cells.map(({ how, width, align }, index) => {
      const text = columns[index]![at] ?? '';
      const padding = ' '.repeat(Math.max(0, width - stringWidth(text)));
      const styled = how && text !== '' ? style(how, text) : text;
      if (align === 'right') return `${padding}${styled}`;
      return index === cells.length - 1 ? styled : `${styled}${padding}`;
    });
    return line.join(GAP).trimEnd();
  });
}

/** Text in lines of at most a width: broken between words, and within one where it is longer than a line. */
export function wrap(text: string, width: number): string[] {
  if (stringWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (stringWidth(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = cut(word, width);
    line = pieces.pop()!;
    lines.push(...pieces);
  }
  return [...lines, line];
}

function cut(word: string, width: number): string[] {
  const pieces = [''];
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    const last = pieces.at(-1)!;
    if (last !== '' && stringWidth(last + segment) > width) pieces.push(segment);
    else pieces[pieces.length - 1] = last + segment;
  }
  return pieces;
}

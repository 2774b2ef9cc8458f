import type { PlacedFinding } from '@meterbridge/operations';
import { grouped } from '../../terminal/grouped.js';
import { howToRun } from '../../terminal/hint.js';
import { shortTime } from '../../terminal/short-time.js';
import { type Cell, type Column, renderTable } from '../../terminal/table.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

const COLUMNS: Column[] = [
  { head: 'id' },
  { head: 'destination', minWidth: 11, dropRank: 1 },
  { head: 'kind', minWidth: 12 },
  { head: 'usage id', minWidth: 14 },
  { head: 'first seen, UTC', dropRank: 2 },
  { head: 'state', minWidth: 14 },
];

/** Findings, a row each, and below them what each kind means. @param width of the table, in characters */
export function renderFindings(found: readonly PlacedFinding[], limit: number, width: number): string {
  if (found.length === 0) return 'No findings.';
  const shown = found.slice(0, limit);
  const rest = found.length - shown.length;
  return [
    renderTable({ columns: COLUMNS, rows: shown.map(rowOf) }, width),
    ...(rest > 0 ? [`… and ${grouped(rest)} more (--limit)`] : []),
    '',
    ...[...meaningsOf(found), `What the books know of one: ${howToRun('find <usage id>')}`].map((line) =>
      wrapText(line, width),
    ),
  ].join('\n');
}

function rowOf({ id, destination, kind, usageId, at, more, waived, resolved }: PlacedFinding): Cell[] {
  const usage = more === undefined ? usageId : `${grouped(more)} more`;
  return [id, destination, kind, usage, shortTime(at), stateOf(waived, resolved)];
}

function stateOf(waived: PlacedFinding['waived'], resolved: PlacedFinding['resolved']): Cell {
  if (resolved) return `resolved by ${resolved.by}, ${shortTime(resolved.at)}`;
  if (waived) return `waived by ${waived.by}, ${shortTime(waived.at)}: ${waived.because}`;
  return { text: 'open', how: 'yellow' };
}

/** How many of each kind there are, and what the destination does with them. */
function meaningsOf(found: readonly PlacedFinding[]): string[] {
  const kinds = new Map<string, { count: number; detail: string }>();
  for (const { kind, detail, more } of found) {
    const known = kinds.get(kind);
    const isBetter = known === undefined || more === undefined;
    kinds.set(kind, {
      count: (known?.count ?? 0) + (more ?? 1),
      detail: isBetter ? detail : known.detail,
    });
  }
  return [...kinds].map(
    ([kind, { count, detail }]) => `${grouped(count)} ${visible(kind)}: ${visible(detail)}`,
  );
}

import { allowedRequests, type Figures, requestsPerPoisoned } from './figures.js';

const whole = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 0 });

const each = (requests: number, poisoned: number) => (poisoned > 0 ? (requests / poisoned).toFixed(1) : '-');

const COLUMNS: [string, (figures: Figures) => string][] = [
  ['API', ({ where }) => where],
  ['offered/s', ({ offeredPerSecond }) => whole(offeredPerSecond)],
  ['stored at', ({ storedShare }) => storedShare.toFixed(3)],
  ['p95, ms', ({ p95Ms }) => whole(p95Ms)],
  ['× calm', ({ p95Ms, calmP95Ms }) => (p95Ms / calmP95Ms).toFixed(2)],
  ['poisoned', ({ poisoned }) => whole(poisoned)],
  ['to find', ({ finding, poisoned }) => each(finding, poisoned)],
  ['to prove', ({ proving, poisoned }) => each(proving, poisoned)],
  ['judged', (figures) => (figures.poisoned > 0 ? requestsPerPoisoned(figures).toFixed(1) : '-')],
  ['allowed', (figures) => (figures.poisoned > 0 ? allowedRequests(figures).toFixed(1) : '-')],
];

/** The rows of a table of what firewalls came to, its head first; none where there was no firewall. */
export function rowsOfFigures(played: readonly { name: string; figures: readonly Figures[] }[]): string[][] {
  const rows = played.flatMap(({ name, figures }) =>
    figures.map((each) => [name, ...COLUMNS.map(([, read]) => read(each))]),
  );
  return rows.length === 0 ? [] : [['firewall', ...COLUMNS.map(([head]) => head)], ...rows];
}

import type { UsageReport } from '@meterbridge/operations';

const COLUMNS = [
  'destination',
  'day',
  'code',
  'source',
  'rule',
  'events',
  'late',
  'duplicates',
  'dead',
] as const;

/** The lines as RFC 4180 has tables, a column for each property that was summed. Pure. */
export function renderCsv({ lines }: Pick<UsageReport, 'lines'>): string {
  const properties = [...new Set(lines.flatMap(({ sums }) => Object.keys(sums)))].toSorted();
  const hasSamples = lines.some(({ samples }) => samples.length > 0);
  const head = [
    ...COLUMNS,
    ...properties.map((name) => `sum of ${name}`),
    ...(hasSamples ? ['samples'] : []),
  ];
  const rows = lines.map((line) => [
    ...COLUMNS.map((column) => toCell(line[column])),
    ...properties.map((name) => line.sums[name] ?? ''),
    ...(hasSamples ? [toCell(line.samples.join(' '))] : []),
  ]);
  return [head.map(toCell), ...rows].map((cells) => cells.join(',')).join('\n');
}

/** What begins like a formula would be one to a spreadsheet, and text comes from events: an apostrophe makes it text. */
function toCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

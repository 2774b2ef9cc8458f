import type { DestinationPreview, EventPreview, ExplainedFilter, RulePreview } from '@meterbridge/operations';
import { style } from '../../terminal/style.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** More of a value than this says nothing to a person about a filter. */
const MAX_SHOWN = 80;

/** One event's preview for people. @param width of its sentences, in characters */
export function renderPreview(preview: EventPreview, width: number): string {
  const { from, source, destinations } = preview;
  return [
    `${style('bold', visible(from))}, source ${source}`,
    ...renderReceived(preview).map((line) => wrapText(`  ${line}`, width)),
    ...destinations.flatMap((destination) => ['', ...renderDestination(destination, width)]),
  ].join('\n');
}

const TIME_FROM = {
  event: 'its own',
  'device clock': "corrected: its device's clock was off, by when it was sent and received",
  receipt: 'when it was received: it came without one. Of several receipts the first holds',
};

function renderReceived({ received }: EventPreview): string[] {
  switch (received.status) {
    case 'rejected':
      return [`${cross()} is no Segment event: ${received.reason}, ${visible(received.detail)}`];
    case 'ignored':
      return ['its own integrations switch it off here: nothing is stored'];
    case 'stored':
      return facts([
        ['messageId', received.messageId],
        ['timestamp', received.timestamp],
      ]);
    case 'taken':
      return facts([
        [
          'messageId',
          `${received.messageId} (${received.messageIdFrom === 'event' ? 'its own' : 'made from its content: it came without one'})`,
        ],
        ['timestamp', `${received.timestamp} (${TIME_FROM[received.timestampFrom]})`],
        ['tidied', received.tidied.join(', ')],
        ['privacy', received.privacy.map(({ path, how }) => `${how} ${path}`).join(', ')],
      ]);
  }
}

function facts(lines: [name: string, text: string][]): string[] {
  return lines.filter(([, text]) => text !== '').map(([name, text]) => `${name.padEnd(10)} ${visible(text)}`);
}

function renderDestination({ name, rules, requests }: DestinationPreview, width: number): string[] {
  return [
    style('bold', name),
    ...rules.flatMap(renderRule).map((line) => wrapText(line, width)),
    ...requests.flatMap(({ method, path, body }) => [
      `  ${method} ${path}`,
      ...(typeof body === 'string' ? body : JSON.stringify(body, null, 2))
        .split('\n')
        .map((line) => `  ${line}`),
    ]),
    ...(rules.some(({ takes }) => takes) ? [] : ['  no rule takes it: filtered']),
  ];
}

function renderRule(rule: RulePreview): string[] {
  const { name, place, takes, kept, filter, otherSources, hides, large, late, failures } = rule;
  const title = `${name} ${style('dim', place)}`;
  const why = [
    ...(otherSources ? [`      takes events of ${otherSources.join(', ')} only`] : []),
    ...(filter && !filter.matches ? renderFilter(filter, 3) : []),
  ];
  if (!takes) return [`  ${style('dim', '–')} ${title} does not take it`, ...why];
  const lines = [
    `  ${failures ? cross() : check()} ${title} ${failures ? 'takes it and cannot map it' : 'takes it'}`,
  ];
  if (kept)
    lines.push(
      '      a replay maps it under this rule, which it was received under; now it would not take it',
      ...why,
    );
  for (const { field, how } of hides ?? []) lines.push(`      ${how} ${field}`);
  for (const warning of [large, late]) if (warning) lines.push(`      ${style('yellow', '!')} ${warning}`);
  for (const failure of failures ?? []) {
    const { field, code, detail, place: at } = failure;
    // Most fields are called as the path they are read from.
    const what = field === '' || detail.startsWith(field) ? detail : `${field}: ${detail}`;
    lines.push(`      ${cross()} ${visible(what)} ${style('dim', `(${code}, ${at})`)}`);
  }
  return lines;
}

/** The conditions that are not as the filter wants them are what a person looks for: every one has its mark. */
function renderFilter({ source, matches, kind, parts, reads }: ExplainedFilter, depth: number): string[] {
  const found = (reads ?? [])
    .map(
      ({ path, value, concealed }) => `${path} is ${concealed ? '(hidden)' : shorten(JSON.stringify(value))}`,
    )
    .join(', ');
  const title = { and: 'all of', or: 'one of', not: 'not', condition: source }[kind];
  const indent = '  '.repeat(depth);
  return [
    `${indent}${matches ? check() : cross()} ${title}${found === '' ? '' : `   ${style('dim', found)}`}`,
    ...(parts ?? []).flatMap((part) => renderFilter(part, depth + 1)),
  ];
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

function check(): string {
  return style('green', '✓');
}

function cross(): string {
  return style('red', '✗');
}

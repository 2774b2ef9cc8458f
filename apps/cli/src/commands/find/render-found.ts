import type {
  FoundDelivery,
  FoundEvent,
  FoundLetter,
  FoundPlace,
  HeldRow,
  HeldUsage,
} from '@meterbridge/operations';
import { factLines } from '../../terminal/fact-lines.js';
import { grouped } from '../../terminal/grouped.js';
import { type Style, style } from '../../terminal/style.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** Of each kind, for people; all stand in the JSON. A request may have brought thousands. */
const SHOWN = 10;

/** @param width in characters; only what was sent may be wider, since it is copied */
export function renderFound(found: FoundEvent, width: number, { offline }: { offline: boolean }): string {
  const { id, deliveries, deadLetters, held, notAsked, places } = found;
  const parts: string[][] = [
    ...shownOf(deliveries, 'deliveries', (each) => renderDelivery(each, width)),
    ...shownOf(deadLetters, 'dead letters', (each) => wrapLines(renderLetter(each), width)),
    ...renderHeld(held, notAsked, width),
  ];
  if (offline && deliveries.length > 0) parts.push(['No API was asked what it holds now (--offline).']);
  const isUnknown = deliveries.length === 0 && deadLetters.length === 0;
  if (isUnknown) parts.push(wrapLines([style('yellow', `Nothing is known of ${visible(id)}.`)], width));
  const elsewhere = places.flatMap((place) => renderPlace(place, isUnknown));
  if (elsewhere.length > 0)
    parts.push(wrapLines([isUnknown ? 'It can be' : 'More of it can be', ...elsewhere], width));
  if (isUnknown) parts.push(wrapLines([ELSEWHERE], width));
  return parts.map((lines) => lines.join('\n')).join('\n\n');
}

const ELSEWHERE =
  'Events that no rule took are in the books by their names and numbers alone. What a receiver refused is a dead letter: meterbridge dead-letters list --destination receiver. What it would become: meterbridge preview.';

function shownOf<Item>(items: readonly Item[], what: string, render: (item: Item) => string[]): string[][] {
  const rest = items.length - SHOWN;
  const more = rest > 0 ? [[`… and ${grouped(rest)} more ${what} (--json has them all)`]] : [];
  return [...items.slice(0, SHOWN).map(render), ...more];
}

function renderDelivery(delivery: FoundDelivery, width: number): string[] {
  const { destination, outcome, rule, event, messageId, time, source, request, acceptedHour } = delivery;
  const { settled, attempts, rules, code, usageId, owner, customer, sent, waits } = delivery;
  const by = rule === undefined ? '' : `, rule ${visible(rule)}`;
  const facts = factLines([
    ['event', `${event}, ${messageId ?? ''}`],
    ['time', time],
    ['source', source],
    ['request', request],
    ['accepted', `in the hour of ${acceptedHour.slice(0, 16)}Z`],
    ['settled', `${settled}${attempts === undefined ? '' : `, attempt ${grouped(attempts)}`}`],
    ['books', waits ? 'waits in Redis for the archivist' : undefined],
    ['rules', rules],
    ['sent as', usageId && `${usageId}, ${code}, of ${owner}`],
    ['customer', customer],
    ['sent', sent === undefined ? 'not known: the rules that made it are not kept' : undefined],
  ]);
  const head = `${style('bold', visible(destination))}${by}: ${styledOutcome(outcome)}`;
  const json = sent === undefined ? [] : [`  ${visible(JSON.stringify(sent))}`];
  return [...wrapLines([head, ...facts.map((fact) => `  ${fact}`)], width), ...json];
}

const OUTCOMES: Record<string, { words: string; how: Style }> = {
  delivered: { words: 'delivered', how: 'green' },
  late: { words: 'delivered, too late for the bill of its time', how: 'yellow' },
  duplicate: { words: 'a duplicate, which was there already', how: 'green' },
  older_rule: {
    words: 'a duplicate, which was there as an older version of the rule sent it',
    how: 'yellow',
  },
  not_compared: { words: 'a duplicate, which was there and was not compared', how: 'yellow' },
};

function styledOutcome(outcome: string): string {
  const known = OUTCOMES[outcome];
  return known ? style(known.how, known.words) : visible(outcome);
}

function renderLetter({
  destination,
  id,
  at,
  reason,
  detail,
  rule,
  source,
  messageId,
}: FoundLetter): string[] {
  const facts = factLines([
    ['dead letter', id],
    ['event', messageId],
    ['source', source],
    ['rule', rule],
    ['since', at],
    ['reason', reason],
    ['detail', detail],
    ['see', `meterbridge dead-letters show ${id}`],
  ]);
  return [
    `${style('bold', visible(destination))}: ${style('red', 'dead')}`,
    ...facts.map((fact) => `  ${fact}`),
  ];
}

function renderHeld(held: readonly HeldUsage[], notAsked: number, width: number): string[][] {
  if (held.length === 0) return [];
  const lines = held.slice(0, SHOWN).flatMap((usage) => {
    const { destination, code, usageId, rows, problem } = usage;
    const name = `  ${visible(`${destination}, ${code}, ${usageId}`)}: `;
    if (problem !== undefined) return [`${name}${style('yellow', `not known: ${visible(problem)}`)}`];
    if (rows.length === 0) return [`${name}${style('red', 'nothing')}`];
    return rows.map((row) => `${name}${rowWords(row)}`);
  });
  const rest = held.length - SHOWN;
  if (rest > 0) lines.push(`  … and ${grouped(rest)} more (--json)`);
  if (notAsked > 0) lines.push(`  of ${grouped(notAsked)} more the APIs were not asked`);
  return [wrapLines(['There now', ...lines], width)];
}

function rowWords({ row, owner, time, fields, isNewer }: HeldRow): string {
  const what = visible(`${row} of ${owner}, ${time}`);
  if (isNewer) return `a newer version of the record, as ${what}`;
  if (fields === null) return `${what}; nobody knows whether it is what was sent`;
  if (fields.length === 0) return `${style('green', 'what was sent')}, as ${what}`;
  return `${style('red', 'something else')}, as ${what}: ${visible(fields.join(', '))}`;
}

function renderPlace(place: FoundPlace, isUnknown: boolean): string[] {
  const { destination, inFlight, waiting, waitingSince, booksBegin, withoutReceipt } = place;
  const name = visible(destination);
  const gap =
    withoutReceipt > 0
      ? [`  in a gap of the books of ${name}: ${grouped(withoutReceipt)} deliveries ended without a receipt`]
      : [];
  const flight =
    inFlight > 0 ? [`  in flight to ${name}: ${grouped(inFlight)} deliveries wait or are on their way`] : [];
  if (!isUnknown) return [...flight, ...gap];
  const begin =
    booksBegin === null
      ? `  of a time of which there are no books: ${name} has none`
      : `  older than the books of ${name}, which begin ${booksBegin.slice(0, 16)}Z`;
  const looked =
    waiting > 0 && waitingSince !== null
      ? [
          `  (looked through: ${grouped(waiting)} settlements to ${name} that wait for the archivist since ${waitingSince.slice(0, 19)}Z)`,
        ]
      : [];
  return [...flight, ...gap, begin, ...looked];
}

function wrapLines(lines: readonly string[], width: number): string[] {
  return lines.map((line) => wrapText(line, width));
}

import {
  compileMapNow,
  detailOf,
  eventOf,
  heldThen,
  isDelivery,
  type LetterEntry,
  type MappedNow,
  mappedThen,
  type Now,
  type Operations,
  readLetter,
} from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
import { factLines } from '../../terminal/fact-lines.js';
import { print } from '../../terminal/print.js';
import { shortTime } from '../../terminal/short-time.js';
import { style } from '../../terminal/style.js';
import { listAttempts } from './attempts.js';
import { renderSides, type SideTitles } from './side-by-side.js';

/** Prints one dead letter in full: its lives, what was sent, what would be sent now, and the event. */
export async function showDeadLetter(id: string, options: { json?: boolean }): Promise<void> {
  await withOperations(async (ops) => {
    const entry = await readLetter(id, ops);
    const now = compileMapNow(ops.config, ops.kept)(entry);
    if (options.json) {
      const { id, at, reason, letter } = entry;
      const was = entry.was === undefined ? {} : { was: entry.was };
      return print(ops.scrub(JSON.stringify({ id, ...was, at, reason, letter, now: toJson(now) })));
    }
    const event = JSON.stringify(eventOf(entry.letter), null, 2);
    const parts = [
      renderFacts(entry, ops),
      ...renderHeld(entry),
      renderMapping(entry, now),
      `event:\n${event}`,
    ];
    print(ops.scrub(parts.join('\n\n')));
  });
}

function renderFacts(entry: LetterEntry, { customerOf }: Operations): string {
  const { letter } = entry;
  const facts: [string, unknown][] = [
    ['id', entry.id],
    ['was', entry.was && `${entry.was}, before it was exported and imported`],
    ['dead since', `${shortTime(entry.at)} UTC`],
    ['reason', entry.reason],
    ['detail', detailOf(letter)],
    ['source', letter.source],
    ['request', letter.request?.id],
    ['customer', customerOf(entry)],
  ];
  if (isDelivery(letter)) {
    const { tries, rule, history = [] } = letter;
    facts.push(['rule', rule], ['attempts', tries.attempts], ['last status', tries.lastStatus]);
    if (tries.attempts > 1) facts.push(...listAttempts(tries));
    for (const life of history) {
      const { reason, status, detail, at, replay, edited } = life;
      const words = [reason, status && `HTTP ${status}`, detail].filter(Boolean).join(', ');
      const replayed = replay === undefined ? '' : `; replayed (${replay})`;
      const changed = edited ? `; edited by ${edited.by} at ${shortTime(edited.at)}` : '';
      facts.push(['before', `${words}; died ${shortTime(at)} after ${life.attempts}${replayed}${changed}`]);
    }
  } else facts.push(['received', letter.receivedAt], ['by way of', letter.via]);
  return factLines(facts).join('\n');
}

/** What was sent beside what the API held in its place; nothing where that was not compared. */
function renderHeld(entry: LetterEntry): string[] {
  const held = heldThen(entry);
  if (!held) return [];
  const [left, right] = [mappedThen(entry), held].map((kept) =>
    'body' in kept ? pretty(kept.body) : `(${kept.why})`,
  );
  return [renderTexts(left!, right!, { left: 'sent, and a duplicate', right: 'what the API holds' })];
}

/** What was sent beside what would be sent; one table for each rule that would take it. */
export function renderMapping(entry: LetterEntry, now: Now): string {
  const then = mappedThen(entry);
  const left = 'body' in then ? pretty(then.body) : `(${then.why})`;
  if (now.will === 'stay') return `mapped then:\n${left}\n\nmapped now:\n(${now.why})`;
  return now.mapped.map((mapped) => renderMapped(left, mapped)).join('\n\n');
}

/** What was mapped, or would be, beside what is mapped now by one rule. */
export function renderMapped(left: string, mapped: MappedNow, [then, now] = THEN_AND_NOW): string {
  const right = mapped.as === 'usage' ? pretty(mapped.usage.body) : `(nothing: ${mapped.why})`;
  return renderTexts(left, right, {
    left: then!,
    right: `${now}, by ${mapped.destination}/${mapped.rule}`,
  });
}

const THEN_AND_NOW = ['mapped when it died', 'mapped now'];

/** Two texts beside each other, as wide as the terminal is. */
export function renderTexts(left: string, right: string, titles: SideTitles): string {
  return renderSides(left, right, titles, process.stdout.columns || WIDTH, {
    left: (text) => style('red', text),
    right: (text) => style('green', text),
  });
}

/** Where nobody knows how wide it may be. */
const WIDTH = 160;

export function pretty(body: string): string {
  return JSON.stringify(JSON.parse(body), null, 2);
}

function toJson(now: Now) {
  if (now.will === 'stay') return now;
  return now.mapped.map(({ destination, rule, ...mapped }) => ({
    destination,
    rule,
    ...(mapped.as === 'usage' ? { usage: JSON.parse(mapped.usage.body) } : { nothing: mapped.why }),
  }));
}

import type { CustomerOf } from './customer-of.js';
import { destinationOf, detailOf, eventNameOf, eventOf, type LetterEntry, ruleOf } from './letter.js';

/** Which dead letters are meant: all that is said must hold. Empty: every one. */
export type LetterFilter = {
  /** `<destination>/<stream id>`; none or left out: any. */
  ids?: string[];
  /** Of one destination, or `receiver`. */
  destination?: string;
  reason?: string;
  /** The name of a track call, the type of any other. */
  event?: string;
  customer?: string;
  source?: string;
  rule?: string;
  /** The first moment of death that counts, epoch milliseconds. */
  since?: number;
  /** The first that counts no more. */
  until?: number;
  /** Somewhere in the event, the detail or the id, whatever its case. */
  text?: string;
};

const FIELDS: Record<keyof LetterFilter, true> = {
  ids: true,
  destination: true,
  reason: true,
  event: true,
  customer: true,
  source: true,
  rule: true,
  since: true,
  until: true,
  text: true,
};

/** What of more that was said is the filter. */
export function readFilter(options: LetterFilter, ids: string[] = []): LetterFilter {
  const said = Object.entries({ ...options, ids: ids.length > 0 ? ids : undefined }).filter(
    ([field, value]) => field in FIELDS && value !== undefined,
  );
  return Object.fromEntries(said);
}

/** What only the letter itself tells. */
const READ_FOR = ['source', 'rule', 'event', 'customer', 'text'] as const;

/** A filter as it would be said on the command line; empty for every letter. */
export function sayFilter({ ids = [], ...filter }: LetterFilter): string {
  const options = Object.entries(filter).map(([field, value]) => {
    const text = typeof value === 'number' ? new Date(value).toISOString() : String(value);
    return `--${field} ${/^[\w.:-]+$/.test(text) ? text : JSON.stringify(text)}`;
  });
  return [...ids, ...options].join(' ').slice(0, 1_000);
}

/**
 * Pure. What is cheap to know is looked at first: most letters need not be read in full. One of a newer version cannot be
 * read, and is not meant by what asks for more.
 */
export function matches(entry: LetterEntry, filter: LetterFilter, customerOf: CustomerOf): boolean {
  const { ids, destination, reason, event, customer, source, rule, since, until, text } = filter;
  return (
    (ids === undefined || ids.includes(entry.id)) &&
    (destination === undefined || destinationOf(entry) === destination) &&
    (reason === undefined || entry.reason === reason) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until) &&
    (entry.newer === undefined || READ_FOR.every((field) => filter[field] === undefined)) &&
    (source === undefined || entry.letter.source === source) &&
    (rule === undefined || ruleOf(entry.letter) === rule) &&
    (event === undefined || eventNameOf(entry.letter) === event) &&
    (customer === undefined || customerOf(entry) === customer) &&
    (text === undefined || holdsText(entry, text))
  );
}

/** As it is written in JSON or as it is meant: a quotation mark may be either. */
function holdsText({ id, letter }: LetterEntry, text: string): boolean {
  const wanted = text.toLowerCase();
  const event = JSON.stringify(eventOf(letter)).toLowerCase();
  return (
    id.includes(wanted) ||
    detailOf(letter).toLowerCase().includes(wanted) ||
    event.includes(wanted) ||
    event.includes(JSON.stringify(wanted).slice(1, -1))
  );
}

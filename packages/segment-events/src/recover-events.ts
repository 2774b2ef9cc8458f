import { endOfString } from './long-numbers.js';

/** What stands in a list of events and is not JSON, as it was sent. */
export class UnreadableEvent {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A list of events, found in text that is not JSON. */
export type FoundList = {
  /** The text without what stands in the list: it may be JSON. */
  around: string;
  /** What stands between the list's commas. */
  items: string[];
};

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

const BATCH_KEY = '"batch"';
const LIST_AFTER_KEY = /\s*:\s*\[/y;
const LEADING_SPACE = /\s*/y;

/**
 * Finds the events of a body that JSON.parse has refused, so that one bad event need not take its neighbours
 * along. One pass that counts brackets outside of strings; which event is bad is for JSON.parse to say.
 * @param maxItems looks no further than that many and one more
 * @returns null where there is no list, or none that ends
 */
export function findEventList(json: string, maxItems: number): FoundList | null {
  const open = findOpening(json);
  if (open === null) return null;
  const items: string[] = [];
  let begin = open + 1;
  let depth = 0;
  for (let at = begin; at < json.length && items.length <= maxItems; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at) - 1;
    else if (code === OPENING_BRACKET || code === OPENING_BRACE) depth += 1;
    else if (code === COMMA && depth === 0) {
      addItem(items, json.slice(begin, at));
      begin = at + 1;
    } else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) {
      depth -= 1;
      if (depth >= 0) continue;
      addItem(items, json.slice(begin, at));
      return code === CLOSING_BRACKET ? { around: json.slice(0, open + 1) + json.slice(at), items } : null;
    }
  }
  return items.length > maxItems ? { around: '[]', items } : null;
}

/** Behind a comma too many stands nothing, which is no event. */
function addItem(items: string[], text: string): void {
  const item = text.trim();
  if (item !== '') items.push(item);
}

/** Where the list begins: the body itself, or what its key `batch` holds. */
function findOpening(json: string): number | null {
  LEADING_SPACE.lastIndex = 0;
  LEADING_SPACE.test(json);
  const first = LEADING_SPACE.lastIndex;
  if (json.charCodeAt(first) === OPENING_BRACKET) return first;
  if (json.charCodeAt(first) !== OPENING_BRACE) return null;
  let depth = 0;
  for (let at = first; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(json, at);
      LIST_AFTER_KEY.lastIndex = end;
      const isBatch = depth === 1 && json.startsWith(BATCH_KEY, at) && LIST_AFTER_KEY.test(json);
      if (isBatch) return LIST_AFTER_KEY.lastIndex - 1;
      at = end - 1;
    } else if (code === OPENING_BRACKET || code === OPENING_BRACE) depth += 1;
    else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) depth -= 1;
  }
  return null;
}

const NO_JSON_WORD = /(?<![\w.])(NaN|-?Infinity|undefined|None|True|False)(?![\w.])/;

/** Why an event is not JSON, where a word says it that other languages write; for a person. */
export function describeUnreadable({ text }: UnreadableEvent): string {
  const word = NO_JSON_WORD.exec(outsideStrings(text))?.[1];
  return word === undefined
    ? 'the event is not JSON'
    : `the event is not JSON: it holds ${word}, for which JSON has no word`;
}

function outsideStrings(json: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let quote = json.indexOf('"'); quote !== -1; quote = json.indexOf('"', at)) {
    parts.push(json.slice(at, quote));
    at = endOfString(json, quote);
  }
  parts.push(json.slice(at));
  return parts.join(' ');
}

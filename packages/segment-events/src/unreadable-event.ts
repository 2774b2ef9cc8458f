import { isUtf8 } from 'node:buffer';
import { endOfString } from './long-numbers.js';

/** What stands in a list of events and is not JSON, as it was sent. */
export class UnreadableEvent {
  /** Bytes that are no UTF-8 are written as `\xe9`, which no JSON holds: nothing takes them for text. */
  readonly text: string;
  readonly isUtf8: boolean;

  constructor(bytes: Buffer) {
    this.isUtf8 = isUtf8(bytes);
    this.text = (this.isUtf8 ? bytes.toString('utf8') : showBytes(bytes)).trim();
  }
}

/** Text in which a run of bytes beyond ASCII that is no UTF-8 is shown byte by byte. */
function showBytes(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\x80-\xff]+/g, (run) => {
    const part = Buffer.from(run, 'latin1');
    return isUtf8(part) ? part.toString('utf8') : part.toString('hex').replace(/../g, '\\x$&');
  });
}

const NO_JSON_WORD = /(?<![\w.])(NaN|-?Infinity|undefined|None|True|False)(?![\w.])/;

/** Why an event is not JSON, where a word says it that other languages write; for a person. */
export function describeUnreadable({ text, isUtf8 }: UnreadableEvent): string {
  if (!isUtf8) return 'the event is not UTF-8, which JSON is';
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

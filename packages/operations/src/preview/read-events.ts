import { findJsonSlip, readBody } from '@meterbridge/segment-events';
import { MOST_TEXT_BYTES, readTexts } from '../archive/read-texts.js';

/** An event as it is written down, and when its batch was sent, where that is said. */
export type WrittenEvent = { raw: unknown; sentAt?: unknown };

const BOUNDS = { events: Number.POSITIVE_INFINITY, sharedBytes: MOST_TEXT_BYTES };

/**
 * The events of a text, in order: one JSON value, which may be an event or any body that Segment and its
 * libraries send, or NDJSON, a body in each line. Of NDJSON no more is read than is asked for. Gzip or not.
 * @throws NoEventsError where the text is neither
 */
export async function* readEvents(input: AsyncIterable<Buffer>): AsyncGenerator<WrittenEvent> {
  let pieces: string[] | undefined = [];
  let size = 0;
  let line = 0;
  let firstLine = 1;
  for await (const text of readTexts(input)) {
    line += 1;
    const isWithin = pieces !== undefined && pieces.length > 0;
    // Within one value it counts, since a slip is told by its line.
    if (text.trim() === '' && !isWithin) continue;
    // The first line decides: where it is JSON by itself, so are the others.
    const events = isWithin ? undefined : readText(text);
    if (events) {
      pieces = undefined;
      yield* events;
    } else if (pieces) {
      if (!isWithin) firstLine = line;
      size += text.length + 1;
      if (size > MOST_TEXT_BYTES) throw new NoEventsError('it is too long for one JSON value');
      pieces.push(text);
    } else {
      throw new NoEventsError(`line ${line} is not JSON${whereOf(text, line)}`);
    }
  }
  if (!pieces) return;
  const events = readText(pieces.join('\n'));
  if (!events) {
    const text = pieces.join('\n');
    throw new NoEventsError(
      pieces.length === 0 ? 'it is empty' : `it is not JSON${whereOf(text, firstLine)}`,
    );
  }
  yield* events;
}

/** Where a person who wrote it has to look. @param firstLine of the input, that the text begins with */
function whereOf(text: string, firstLine: number): string {
  const slip = findJsonSlip(text);
  if (!slip) return '';
  return `: in line ${slip.line + firstLine - 1}, column ${slip.column}, ${slip.expected} was expected`;
}

function readText(text: string): WrittenEvent[] | undefined {
  const reading = readBody(text, BOUNDS);
  if (!reading.ok) return undefined;
  const { events, sentAt } = reading.body;
  return events.map((raw) => ({ raw, sentAt }));
}

/** Why something holds no event to look at. */
export class NoEventsError extends Error {
  override name = 'NoEventsError';
  readonly code = 'no_events';
}

/** The event at `index`, from 1. @throws NoEventsError where there are fewer */
export async function readEventAt(index: number, input: AsyncIterable<Buffer>): Promise<WrittenEvent> {
  let seen = 0;
  for await (const event of readEvents(input)) {
    seen += 1;
    if (seen === index) return event;
  }
  throw new NoEventsError(`it holds ${seen} events, no ${index}`);
}

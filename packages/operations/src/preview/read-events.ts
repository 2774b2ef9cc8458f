import { readBody } from '@meterbridge/segment-events';
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
  for await (const text of readTexts(input)) {
    line += 1;
    if (text.trim() === '') continue;
    // The first line decides: where it is JSON by itself, so are the others.
    const events = pieces && pieces.length > 0 ? undefined : readText(text);
    if (events) {
      pieces = undefined;
      yield* events;
    } else if (pieces) {
      size += text.length;
      if (size > MOST_TEXT_BYTES) throw new NoEventsError('it is too long for one JSON value');
      pieces.push(text);
    } else {
      throw new NoEventsError(`line ${line} is not JSON`);
    }
  }
  if (!pieces) return;
  const events = readText(pieces.join('\n'));
  if (!events) throw new NoEventsError(pieces.length === 0 ? 'it is empty' : 'it is not JSON');
  yield* events;
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

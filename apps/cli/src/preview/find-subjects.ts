import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { Config, Source } from '@meterbridge/config';
import {
  findDeadLetter,
  RECEIVER,
  type RejectedEvent,
  readDeadLetters,
  readNewestWaiting,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { destinationOf, isDelivery, type Letter } from '../dead-letters/letter.js';
import { goneText } from '../dead-letters/open-letters.js';
import { CommandError } from '../load-context.js';
import { arrivalOf } from '../pipeline/pipeline.js';
import { rejectedArrival } from '../pipeline/rejected-arrival.js';
import type { Subject } from './preview-event.js';
import { readEventAt, type WrittenEvent } from './read-events.js';

/** @throws CommandError where it holds no such event */
export function readStandardInput(index: number): Promise<WrittenEvent> {
  return readNamed('standard input', index, process.stdin);
}

/** The event of a file, or of what was read of standard input, as if it came now. */
export async function subjectOfFile(
  { file, index, input }: { file: string; index: number; input?: WrittenEvent },
  source: Source,
): Promise<Subject> {
  const what = input ? 'standard input' : basename(file);
  const { raw, sentAt } = input ?? (await readNamed(what, index, createReadStream(file)));
  const arrival = arrivalOf(raw, Date.now(), sentAt);
  return { kind: 'arrival', from: `${what}, event ${index}`, arrival, source };
}

async function readNamed(what: string, index: number, input: Readable): Promise<WrittenEvent> {
  try {
    return await readEventAt(index, input);
  } catch (error) {
    throw new CommandError(`${what}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code && /^E[A-Z]+$/.test(code) ? `cannot be read (${code})` : message;
}

/** @throws CommandError where it is there no more, or nobody delivers to its destination now */
export async function subjectOfLetter(id: string, config: Config, redis: Redis): Promise<Subject> {
  const entry = await findDeadLetter<Letter>(id, redis);
  if (!entry) throw new CommandError(goneText(id));
  const { letter } = entry;
  if (!isDelivery(letter)) return subjectOfRejected(entry.id, letter, config);
  const destination = destinationOf(entry);
  if (!config.destinations.some(({ name }) => name === destination)) {
    throw new CommandError(`${id} is of ${destination}, which is not configured`);
  }
  const { event, source, rule, resolved, sentUnder } = letter;
  const known = { ...(resolved ? { resolved } : {}), ...(sentUnder === undefined ? {} : { sentUnder }) };
  const delivery = { destination, rule, ...known };
  return { kind: 'stored', from: id, event, source, delivery };
}

function subjectOfRejected(from: string, letter: RejectedEvent, config: Config): Subject {
  const rejected = rejectedArrival(letter, config);
  if (rejected) return { kind: 'arrival', from, ...rejected };
  const { source, reason, detail } = letter;
  return { kind: 'rejected', from, source, reason, detail };
}

/**
 * The `count` events received last of those that are in Redis: what waits for a destination, and dead letters.
 * What was delivered is kept by nobody, so that there may be none.
 */
export async function lastSubjects(count: number, config: Config, redis: Redis): Promise<Subject[]> {
  const found = new Map<string, { at: number; subject: Subject }>();
  const add = (receivedAt: string, messageId: string, subject: Subject) => {
    if (!found.has(messageId)) found.set(messageId, { at: Date.parse(receivedAt), subject });
  };
  for (const { name } of config.destinations) {
    for (const { event, source } of await readNewestWaiting(name, redis, count)) {
      add(event.receivedAt, event.messageId, { kind: 'stored', from: `waits for ${name}`, event, source });
    }
  }
  for (const name of [...config.destinations.map((each) => each.name), RECEIVER]) {
    let left = count;
    for await (const { id, letter } of readDeadLetters<Letter>(name, redis, { newestFirst: true })) {
      if (left === 0) break;
      left -= 1;
      if (isDelivery(letter)) {
        const { event, source } = letter;
        add(event.receivedAt, event.messageId, { kind: 'stored', from: `dead letter ${id}`, event, source });
      } else {
        add(letter.receivedAt, id, subjectOfRejected(`dead letter ${id}`, letter, config));
      }
    }
  }
  const newest = [...found.values()].toSorted((one, other) => other.at - one.at);
  return newest.slice(0, count).map(({ subject }) => subject);
}

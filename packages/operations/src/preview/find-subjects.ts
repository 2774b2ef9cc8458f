import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { Config, Source } from '@meterbridge/config';
import { RECEIVER, type RejectedEvent, readDeadLetters, readNewestWaiting } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { destinationOf, isDelivery, type Letter } from '../dead-letters/letter.js';
import { readLetter } from '../dead-letters/walk.js';
import { OperationError } from '../operation-error.js';
import { arrivalOf } from '../pipeline/pipeline.js';
import { rejectedArrival } from '../pipeline/rejected-arrival.js';
import type { Subject } from './preview-event.js';
import { readEventAt, type WrittenEvent } from './read-events.js';

/**
 * The event of a file, or of what was read of another input, as if it came now.
 * @param input what was read, and what it is called
 * @throws OperationError (`file_unreadable`) where there is none
 */
export async function subjectOfFile(
  { file, index, input }: { file: string; index: number; input?: { what: string; event: WrittenEvent } },
  source: Source,
): Promise<Subject> {
  const what = input?.what ?? basename(file);
  const { raw, sentAt } = input?.event ?? (await readEventOf(what, index, createReadStream(file)));
  const arrival = arrivalOf(raw, Date.now(), sentAt);
  return { kind: 'arrival', from: `${what}, event ${index}`, arrival, source };
}

/** The event at `index`, from 1. @throws OperationError (`file_unreadable`) where it holds no such event */
export async function readEventOf(what: string, index: number, input: Readable): Promise<WrittenEvent> {
  try {
    return await readEventAt(index, input);
  } catch (error) {
    throw new OperationError('file_unreadable', `${what}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code && /^E[A-Z]+$/.test(code) ? `cannot be read (${code})` : message;
}

/** @throws OperationError (`unknown_dead_letter`; `unknown_destination` where nobody delivers to its destination now) */
export async function subjectOfLetter(id: string, config: Config, redis: Redis): Promise<Subject> {
  const entry = await readLetter(id, { redis });
  const { letter } = entry;
  if (!isDelivery(letter)) return subjectOfRejected(entry.id, letter, config);
  const destination = destinationOf(entry);
  if (!config.destinations.some(({ name }) => name === destination)) {
    throw new OperationError('unknown_destination', `${id} is of ${destination}, which is not configured`);
  }
  const { event, source, rule, resolved, sentUnder } = letter;
  const known = { resolved, sentUnder };
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
    for await (const entry of readDeadLetters<Letter>(name, redis, { newestFirst: true })) {
      if (left === 0) break;
      left -= 1;
      if (entry.newer !== undefined) continue;
      const { id, letter } = entry;
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

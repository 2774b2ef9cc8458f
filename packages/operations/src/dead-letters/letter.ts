import { type DeadLetter, newerWords, type ToldFormats } from '@meterbridge/delivery';
import {
  type DeadLetterEntry,
  destinationOf as destinationOfShard,
  type RejectedEvent,
  shardOfId,
} from '@meterbridge/queue';
import { isJsonObject, type JsonObject } from '@meterbridge/segment-events';

/** A delivery that could not be delivered, or of the receiver: what arrived and is no Segment event. */
export type Letter = DeadLetter | RejectedEvent;

export type LetterEntry = DeadLetterEntry<Letter>;

/** What a person is told of a letter of a newer version, of which nothing but its id, reason and time can be read here. */
export function newerLetterWords(newer: number, formats: ToldFormats): string {
  return newerWords('dead-letter', newer, formats);
}

/** A destination's name, or `receiver`. */
export function destinationOf(entry: Pick<LetterEntry, 'id'>): string {
  return destinationOfShard(shardOfId(entry.id));
}

export function isDelivery(letter: Letter): letter is DeadLetter {
  return 'rule' in letter;
}

/** The original event; of the receiver what arrived, which may be anything. */
export function eventOf(letter: Letter): unknown {
  return isDelivery(letter) ? letter.event : letter.raw;
}

/** What the API, or this side, said. */
export function detailOf(letter: Letter): string {
  return isDelivery(letter) ? (letter.tries.lastDetail ?? '') : letter.detail;
}

/** Of a track call its name, of any other its type; empty where what arrived has neither. */
export function eventNameOf(letter: Letter): string {
  const event = eventOf(letter);
  if (!isJsonObject(event)) return '';
  return textOf(event, 'event') ?? textOf(event, 'type') ?? '';
}

/** Those of the receiver belong to no rule. */
export function ruleOf(letter: Letter): string {
  return isDelivery(letter) ? letter.rule : '';
}

export function messageIdOf(letter: Letter): string {
  const event = eventOf(letter);
  return isJsonObject(event) ? (textOf(event, 'messageId') ?? '') : '';
}

function textOf(event: JsonObject, field: string): string | undefined {
  const value = event[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

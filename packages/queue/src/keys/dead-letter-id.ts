import { shardNumber } from './keys.js';

/*
 * A dead letter's id is `<shard>/<stream id>`, as in `lago@1/1795235992524-0`. Redis made the stream id: the epoch
 * milliseconds at which the letter died, and a number among those of the same millisecond.
 */

const ID = /^[^/]+\/\d+-\d+$/;

/** Whether a text has the form of a dead letter's id. */
export function isDeadLetterId(text: string): boolean {
  return ID.test(text);
}

export function formatDeadLetterId(shard: string, streamId: string): string {
  return `${shard}/${streamId}`;
}

/** The shard in which it lies: of a text that is no id, what stands before its first slash. */
export function shardOfId(id: string): string {
  return id.split('/', 1)[0]!;
}

/** Its id within the shard's stream: of a text that is no id, what stands behind its first slash. */
export function streamIdOf(id: string): string {
  return id.slice(shardOfId(id).length + 1);
}

/** When Redis made a stream id; epoch milliseconds. */
export function millisecondsOf(streamId: string): number {
  return Number(streamId.split('-', 1)[0]);
}

/** Below zero where the one was made before the other in its stream. */
export function compareStreamIds(one: string, other: string): number {
  const [oneNumber, otherNumber] = [one, other].map((id) => Number(id.split('-')[1] ?? 0));
  return millisecondsOf(one) - millisecondsOf(other) || oneNumber! - otherNumber!;
}

/** By time; of two of the same moment, that of the lower shard comes first. Below zero where the one does. */
export function compareDeadLetterIds(one: string, other: string): number {
  return (
    compareStreamIds(streamIdOf(one), streamIdOf(other)) ||
    shardNumber(shardOfId(one)) - shardNumber(shardOfId(other))
  );
}

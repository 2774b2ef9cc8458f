import { setTimeout as sleep } from 'node:timers/promises';
import {
  allowPeople,
  findRefusals,
  type OperatorAction,
  RECEIVER,
  readProcesses,
  readRefusals,
  readRefusalVersion,
  readStoreTime,
  recordRun,
  refusePeople,
} from '@meterbridge/queue';
import {
  compileRefusedPeople,
  keyCheckOf,
  type PersonIds,
  type RefusedPeople,
  refusalTokens,
} from '@meterbridge/segment-events';
import { beginAction } from '../dead-letters/operator-action.js';
import { type DurableWriter, withWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { isStopped, type Work } from '../work.js';
import { digestOf } from './words.js';

/** How often is asked whether every receiver knows. */
const ASK_EVERY_MS = 100;

/** Of the digest, what the tokens of one person have in common. */
const PERSON_LENGTH = 16;

/** What there is of people whose later events are refused, without any of them. */
export type RefusedList = {
  people: number;
  /** Those of them that were refused under another `privacyKey`: none of their events can be told. */
  underAnotherKey: number;
  /** Epoch milliseconds, the newest first. */
  since: number[];
};

/** Whether later events of a person are refused, of any of the ids. */
export async function isRefused({ config, redis }: Operations, ids: PersonIds): Promise<boolean> {
  if (config.privacyKey === undefined) return false;
  return (await findRefusals(redis, refusalTokens(ids, config.privacyKey))).length > 0;
}

/**
 * Has receivers keep later events of a person out.
 * @param part of which this is one, where it was begun before: it is remembered once, however often it is said
 * @throws OperationError (`not_possible`) without a `privacyKey`; as `withWriter`
 */
export async function refusePerson(
  ops: Operations,
  ids: PersonIds,
  writer: DurableWriter,
  part?: OperatorAction,
): Promise<void> {
  const { privacyKey, digest } = keyedDigestOf(ops, ids);
  const person = digest.slice(0, PERSON_LENGTH);
  const at = Math.floor(await readStoreTime(ops.redis));
  const action = { what: 'refused later', person: digest } as const;
  const run = part ? { ...action, run: `${part.run}-later`, by: part.by } : await beginAction(ops, action);
  const refusal = { person, key: keyCheckOf(privacyKey), at };
  await refusePeople(writer.redis, refusalTokens(ids, privacyKey), refusal, writer.replicas);
  await recordRun(writer.redis, run, RECEIVER, writer.replicas);
}

/**
 * Lets later events of a person in again, under each of the ids.
 * @returns whether any of them was refused
 * @throws as `refusePerson`
 */
export async function allowPerson(ops: Operations, ids: PersonIds): Promise<boolean> {
  const { privacyKey, digest } = keyedDigestOf(ops, ids);
  return withWriter(ops.config, async (writer) => {
    const tokens = refusalTokens(ids, privacyKey);
    const wasRefused = (await findRefusals(writer.redis, tokens)).length > 0;
    // Before it is done: whoever is ended in between says it again, and finds nobody refused.
    if (wasRefused) {
      const run = await beginAction(ops, { what: 'allowed again', person: digest });
      await recordRun(writer.redis, run, RECEIVER, writer.replicas);
    }
    // Also where they are gone: the call before may not have heard that replicas know it.
    await allowPeople(writer.redis, tokens, writer.replicas);
    return wasRefused;
  });
}

/** Those whose events are refused now, for what brings events in beside receivers; null where nobody is. */
export async function readRefusedPeople(
  { privacyKey }: Operations['config'],
  redis: Operations['redis'],
): Promise<RefusedPeople | null> {
  if (privacyKey === undefined) return null;
  return compileRefusedPeople(new Set((await readRefusals(redis)).tokens.keys()), privacyKey);
}

/** How many people are refused, and since when. */
export async function listRefused({ config, redis }: Operations): Promise<RefusedList> {
  const own = config.privacyKey === undefined ? undefined : keyCheckOf(config.privacyKey);
  const { tokens } = await readRefusals(redis);
  const people = new Map([...tokens.values()].map((each) => [each.person, each]));
  const each = [...people.values()];
  return {
    people: each.length,
    underAnotherKey: each.filter(({ key }) => key !== own).length,
    since: each.map(({ at }) => at).toSorted((one, other) => other - one),
  };
}

/**
 * Waits until every receiver that lives goes by all that is refused now, with each of its requests.
 * @param deadline of `performance.now`
 * @returns how many do not by then
 */
export async function untilReceiversKnow(
  { config, redis }: Operations,
  deadline: number,
  work: Work,
): Promise<number> {
  const check = keyCheckOf(config.privacyKey!);
  let hasWaited = false;
  for (;;) {
    const known = `${await readRefusalVersion(redis)}/${check}`;
    const living = await readProcesses(redis, await readStoreTime(redis));
    const behind = living.filter(({ role, refused }) => role === 'receiver' && refused !== known).length;
    const isOver = behind === 0 || performance.now() > deadline || isStopped(work);
    if (!isOver && !hasWaited) work.onWait?.(`${behind} receivers do not know yet whom to refuse`);
    if (isOver && hasWaited) work.onWait?.(null);
    if (isOver) return behind;
    hasWaited = true;
    await sleep(ASK_EVERY_MS);
  }
}

function keyedDigestOf(ops: Operations, ids: PersonIds): { privacyKey: string; digest: string } {
  const privacyKey = keyToRefuseBy(ops);
  return { privacyKey, digest: digestOf(ops, ids)! };
}

/**
 * What later events are refused by: asked before a person is asked whether it shall be done.
 * @throws OperationError (`not_possible`) without a `privacyKey`
 */
export function keyToRefuseBy({ config: { privacyKey } }: Pick<Operations, 'config'>): string {
  if (privacyKey === undefined) {
    throw new OperationError(
      'not_possible',
      `To refuse later events without keeping whose they are takes a key: write privacyKey: \${METERBRIDGE_PRIVACY_KEY}
at the root of the configuration, here and of every receiver, and set the variable to what \`openssl rand -hex 32\` prints.`,
    );
  }
  return privacyKey;
}

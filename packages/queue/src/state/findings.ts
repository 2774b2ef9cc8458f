import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/*
 * Findings: usage that a destination took and does not bill, as the destination reports it. A finding is open until a
 * person waives it (it stays, with who and why) or resolves it (it moves to the newest that are resolved).
 */

/** What a report says of one usage event. */
export type NewFinding = {
  /** Which fault; a name of the destination's kind, such as `unknown_code`. */
  kind: string;
  /** What the usage event measures, where the report says it. */
  code?: string;
  /** The id that the destination has for the usage event. */
  usageId: string;
  /** Whose usage it is, where the report says it. */
  owner?: string;
  /** In a sentence, what the destination does with it. */
  detail: string;
};

export type Finding = NewFinding & {
  /** Made of kind, owner and usage id: the same finding has the same. */
  id: string;
  /** When it was reported first, and last; epoch milliseconds, by Redis' clock. */
  at: number;
  seen: number;
  /** It stands for so many of its kind that were counted and not kept. Its usage id is empty. */
  more?: number;
  /** Somebody lets it stand. */
  waived?: FindingWaived;
  /** Only of those that `readResolvedFindings` gives. */
  resolved?: FindingResolved;
};

/** Who, why, and when in epoch milliseconds. */
export type FindingWaived = { by: string; because: string; at: number };
export type FindingResolved = { by: string; at: number };

export type FindingsKept = {
  /** That were not known before. */
  added: number;
  /** Of those, how many are counted only, since there is no room for more. */
  notKept: number;
};

/** So many are kept of a destination: about 50 MB of Redis (measured). */
export const MAX_FINDINGS = 100_000;
/** So many resolved ones are kept. */
const MAX_RESOLVED = 10_000;
/** Findings that Redis takes at once: it does nothing else for a millisecond or two. */
const PART = 250;
/** A report that comes again within this time adds nothing. */
const REPORT_MS = 7 * 86_400_000;
/** Ids are cut here: they come from others, who may send as long ones as they like. */
const MAX_ID_LENGTH = 300;
const SCAN_COUNT = 1_000;
const MORE_DETAIL = 'there was no room for these: they are counted, and their ids are not kept';

const keysOf = (destination: string) => {
  const { findings } = queueKeys(destination);
  return { findings, open: `${findings}:open`, resolved: `${findings}:resolved` };
};

const keepScript = defineScript(SCRIPTS['state/keep-findings']);
const waiveScript = defineScript(SCRIPTS['state/waive-finding']);
const resolveScript = defineScript(SCRIPTS['state/resolve-finding']);

/**
 * Keeps what a destination reports. A finding that is kept already changes nothing but its last sight.
 * @param replicas have to have it; above 0 the client sends nothing again by itself (`connectProducer`)
 * @param report names the report, for one that comes twice; its findings then come in the same order
 * @throws as `writeReplicated`; said again, the same findings are not counted twice where the report has a name
 */
export async function keepFindings(
  redis: Redis,
  destination: string,
  found: readonly NewFinding[],
  { replicas = 0, report = randomUUID() }: { replicas?: number; report?: string } = {},
): Promise<FindingsKept> {
  const kept = { added: 0, notKept: 0 };
  const { findings, open } = keysOf(destination);
  for (let from = 0; from < found.length; from += PART) {
    const part = found.slice(from, from + PART);
    const keys = { findings, open, report: `${findings}:report:${report}:${from}` };
    const args = { reportMs: REPORT_MS, max: MAX_FINDINGS, moreDetail: MORE_DETAIL };
    const [added, notKept] = await writeReplicated(redis, findings, replicas, () =>
      keepScript.run<[number, number]>(redis, keys, { ...args, given: part.flatMap(encodeFinding) }),
    );
    kept.added += added;
    kept.notKept += notKept;
  }
  return kept;
}

/** The id of a finding. */
export function findingId({ kind, owner, usageId }: Pick<NewFinding, 'kind' | 'owner' | 'usageId'>): string {
  const name = JSON.stringify([kind, owner ?? null, usageId]);
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

function encodeFinding(finding: NewFinding): string[] {
  const { kind, code, usageId, owner, detail } = finding;
  const id = findingId(finding);
  const text = JSON.stringify({
    id,
    kind,
    code: code && cut(code),
    usageId: cut(usageId),
    owner: owner && cut(owner),
    detail,
  });
  return [id, kind, text];
}

function cut(text: string): string {
  return wellFormed(text.slice(0, MAX_ID_LENGTH));
}

/** Redis' JSON reads no half of a surrogate pair. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** Every finding that is not resolved, the oldest first; those that somebody lets stand are `waived`. */
export async function readFindings(redis: Redis, destination: string): Promise<Finding[]> {
  const { findings } = queueKeys(destination);
  const read = new Map<string, Finding>();
  let cursor = '0';
  do {
    const [next, page] = await redis.hscan(findings, cursor, 'COUNT', SCAN_COUNT);
    for (let at = 0; at < page.length; at += 2) read.set(page[at]!, JSON.parse(page[at + 1]!) as Finding);
    cursor = next;
  } while (cursor !== '0');
  return [...read.values()].sort((one, other) => one.at - other.at || (one.id < other.id ? -1 : 1));
}

/** One that is not resolved; null where there is none with this id. */
export async function readFinding(redis: Redis, destination: string, id: string): Promise<Finding | null> {
  const text = await redis.hget(keysOf(destination).findings, id);
  return text === null ? null : (JSON.parse(text) as Finding);
}

/** The newest that are resolved, the newest first. */
export async function readResolvedFindings(redis: Redis, destination: string): Promise<Finding[]> {
  const texts = await redis.lrange(keysOf(destination).resolved, 0, -1);
  return texts.map((text) => JSON.parse(text) as Finding);
}

/** How many are neither waived nor resolved, by kind; with those that were counted only. */
export async function countOpenFindings(redis: Redis, destination: string): Promise<Map<string, number>> {
  const counts = await redis.hgetall(keysOf(destination).open);
  return new Map(Object.entries(counts).map(([kind, count]) => [kind, Number(count)]));
}

/**
 * Lets a finding stand.
 * @returns false where there is none with this id
 * @throws as `writeReplicated`
 */
export async function waiveFinding(
  redis: Redis,
  destination: string,
  id: string,
  waived: FindingWaived,
  replicas = 0,
): Promise<boolean> {
  const { findings, open } = keysOf(destination);
  const args = { id, waived: JSON.stringify({ ...waived, because: wellFormed(waived.because) }) };
  const waive = () => waiveScript.run<number>(redis, { findings, open }, args);
  return (await writeReplicated(redis, findings, replicas, waive)) === 1;
}

/**
 * Ends a finding: what was wrong is put right. Reported again by another report, it is a new one.
 * @returns false where there is none with this id
 * @throws as `writeReplicated`
 */
export async function resolveFinding(
  redis: Redis,
  destination: string,
  id: string,
  word: FindingResolved,
  replicas = 0,
): Promise<boolean> {
  const keys = keysOf(destination);
  const args = { id, word: JSON.stringify(word), max: MAX_RESOLVED };
  const resolve = () => resolveScript.run<number>(redis, keys, args);
  return (await writeReplicated(redis, keys.findings, replicas, resolve)) === 1;
}

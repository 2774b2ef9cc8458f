import {
  type Finding,
  RECEIVER,
  readFinding,
  readFindings,
  readResolvedFindings,
  readStoreTime,
  resolveFinding,
  waiveFinding,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { type DurableWriter, withWriter } from '../durable-writer.js';
import type { RunningSystem } from '../open.js';
import { OperationError } from '../operation-error.js';

/** A finding, and whose it is. */
export type PlacedFinding = Finding & { destination: string };

export type FindingFilter = {
  /** Of all where left out. */
  destination?: string;
  /** Those that are resolved, in the place of those that are not. */
  resolved?: boolean;
};

/**
 * What destinations report as taken and not billed: open and waived findings, the oldest first; or the resolved ones, the
 * newest first.
 * @throws OperationError (`unknown_destination`)
 */
export async function listFindings(
  ops: RunningSystem,
  { destination, resolved = false }: FindingFilter,
): Promise<PlacedFinding[]> {
  const names = destinationsOf(ops, destination);
  const read = resolved ? readResolvedFindings : readFindings;
  const found = await Promise.all(
    names.map(async (name) =>
      (await read(ops.redis, name)).map((finding) => ({ destination: name, ...finding })),
    ),
  );
  const all = found.flat();
  return resolved
    ? all.toSorted((one, other) => other.resolved!.at - one.resolved!.at)
    : all.toSorted((one, other) => one.at - other.at);
}

/**
 * Lets findings stand, in the actor's name. Said again, the later word is kept.
 * @returns them as they were, in the order of the ids
 * @throws OperationError (`unknown_destination`, `unknown_finding`; `invalid_input` for an id that several destinations
 *   have), before anything is changed; as `withWriter`
 */
export async function waiveFindings(
  ops: RunningSystem,
  ids: readonly string[],
  { because, destination }: { because: string; destination?: string },
): Promise<PlacedFinding[]> {
  return changeFindings(ops, { ids, destination }, (finding, { redis, replicas }, at) =>
    waiveFinding(redis, finding.destination, finding.id, { by: ops.actor, because, at }, replicas),
  );
}

/**
 * Ends findings, in the actor's name: what was wrong is put right.
 * @returns them as they were, in the order of the ids
 * @throws OperationError as `waiveFindings`
 */
export async function resolveFindings(
  ops: RunningSystem,
  ids: readonly string[],
  { destination }: { destination?: string },
): Promise<PlacedFinding[]> {
  return changeFindings(ops, { ids, destination }, (finding, { redis, replicas }, at) =>
    resolveFinding(redis, finding.destination, finding.id, { by: ops.actor, at }, replicas),
  );
}

async function changeFindings(
  ops: RunningSystem,
  { ids, destination }: { ids: readonly string[]; destination: string | undefined },
  change: (finding: PlacedFinding, writer: DurableWriter, at: number) => Promise<boolean>,
): Promise<PlacedFinding[]> {
  const names = destinationsOf(ops, destination);
  const found: PlacedFinding[] = [];
  for (const id of new Set(ids)) found.push(await findOne(ops.redis, names, id));
  const at = Math.floor(await readStoreTime(ops.redis));
  return withWriter(ops.config, async (writer) => {
    // One that somebody else has resolved in this moment is ended, as it is to be.
    for (const finding of found) await change(finding, writer, at);
    return found;
  });
}

async function findOne(redis: Redis, names: readonly string[], id: string): Promise<PlacedFinding> {
  const found: PlacedFinding[] = [];
  for (const destination of names) {
    const finding = await readFinding(redis, destination, id);
    if (finding) found.push({ destination, ...finding });
  }
  if (found.length === 0) {
    throw new OperationError('unknown_finding', `no finding ${id}; it is resolved, or never was`);
  }
  if (found.length > 1) {
    const several = found.map(({ destination }) => destination).join(', ');
    throw new OperationError('invalid_input', `${several} each have a finding ${id}: say --destination`);
  }
  return found[0]!;
}

/** @throws OperationError (`unknown_destination`) */
function destinationsOf({ names }: RunningSystem, wanted: string | undefined): string[] {
  const all = names.filter((name) => name !== RECEIVER);
  if (wanted === undefined) return all;
  if (all.includes(wanted)) return [wanted];
  throw new OperationError('unknown_destination', `no destination ${wanted}; there are ${all.join(', ')}`);
}

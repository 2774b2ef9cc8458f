import {
  NewerFormatError,
  newerFormat,
  type OutcomeRun,
  type SettledOutcome,
  type StoredDelivery,
  splitBucket,
} from '@meterbridge/delivery';
import {
  decodeBatch,
  type FilteredEntry,
  millisecondsOf,
  type ReceiptEntry,
  type SettledEntry,
} from '@meterbridge/queue/batch';
import { namedIds } from '@meterbridge/segment-events';
import type { HashId } from '../person/person-key.js';
import type { Receipt, SettledFields } from '../receipt.js';
import type { RulesOf } from './compile-kept-rules.js';

/**
 * The rows of one entry. What was sent is made again from the original event, by the version of the rules that sent it;
 * where that is not kept, or maps the event no more, the row says nothing of it.
 * @param shard the queue whose stream the entry was in
 * @param hashId where rows have to tell whose they are; left out where they are only read
 * @throws NewerFormatError for an entry or a job of a newer version; Error where outcomes and deliveries are not as many
 */
export function toReceipts(
  entry: ReceiptEntry,
  shard: string,
  rulesOf: RulesOf,
  hashId: HashId = () => undefined,
): Receipt[] {
  const newer = newerFormat('receipt', entry.format);
  if (newer !== undefined) throw new NewerFormatError('receipt', newer);
  const common = { settledAt: millisecondsOf(entry.id), entry: entry.id, shard };
  if (entry.kind === 'filtered') return filteredReceipts(entry, common);
  return settledReceipts(entry, common, { rulesOf, hashId });
}

/** The same for each time that the same settlement, or the same write, comes; another for any other. */
export function nameOfEntry(entry: ReceiptEntry): string {
  return entry.kind === 'settled' ? nameOfSettlement(entry.job, entry.rev) : entry.id;
}

/** What `nameOfEntry` gives, of a row that is kept. */
export function nameOfRow({ job, rev, entry }: Pick<Receipt, 'job' | 'rev' | 'entry'>): string {
  return job === undefined || rev === undefined ? entry : nameOfSettlement(job, rev);
}

function nameOfSettlement(job: string, rev: string): string {
  return `${job} ${rev}`;
}

type Common = Pick<Receipt, 'settledAt' | 'entry' | 'shard'>;

function filteredReceipts({ filtered }: FilteredEntry, common: Common): Receipt[] {
  const counts = Object.entries(filtered).flatMap(([bucket, names]) =>
    Object.entries(names).map(([event, events]) => ({ ...splitBucket(bucket), event, events })),
  );
  return counts.map(({ hour, source, event, events }, position) => ({
    ...common,
    position,
    outcome: 'filtered',
    events,
    source,
    acceptedHour: hour,
    event,
  }));
}

type Making = { rulesOf: RulesOf; hashId: HashId };

function settledReceipts(entry: SettledEntry & { id: string }, common: Common, making: Making): Receipt[] {
  const deliveries = decodeBatch(entry.batch);
  const outcomes = expand(entry.outcomes);
  if (outcomes.length !== deliveries.length) {
    const problem = `entry ${entry.id} says ${outcomes.length} outcomes of ${deliveries.length} deliveries`;
    throw new Error(problem);
  }
  return deliveries.map((delivery, position) =>
    toReceipt(delivery, entry, { ...common, position, outcome: outcomes[position]! }, making),
  );
}

/** Every field by its name, also those that are absent: of millions of rows, spreading them took longer than mapping. */
function toReceipt(
  delivery: StoredDelivery,
  entry: SettledEntry,
  { settledAt, entry: id, shard, position, outcome }: Common & Pick<Receipt, 'position' | 'outcome'>,
  { rulesOf, hashId }: Making,
): Receipt {
  const { event, source, rule, hour, request, tries, sentUnder: rules = entry.rules } = delivery;
  const sent = sentOf(delivery, rules === undefined ? undefined : rulesOf(rules));
  const { userId, anonymousId, previousId } = namedIds(event);
  return {
    settledAt,
    entry: id,
    position,
    shard,
    outcome,
    events: 1,
    source,
    acceptedHour: hour,
    event: event.event ?? event.name ?? event.type,
    job: entry.job,
    rev: entry.rev,
    rule,
    rules,
    attempts: (tries?.attempts ?? 0) + 1,
    messageId: event.messageId,
    eventAt: Date.parse(event.timestamp),
    request: request?.id,
    type: sent?.type,
    usageId: sent?.usageId,
    owner: sent?.owner,
    customer: sent?.customer,
    code: sent?.code,
    usage: sent?.usage,
    userHash: hashId(userId),
    anonymousHash: hashId(anonymousId),
    previousHash: hashId(previousId),
  };
}

function expand(runs: readonly OutcomeRun[]): SettledOutcome[] {
  return runs.flatMap(([outcome, deliveries]) => Array<SettledOutcome>(deliveries).fill(outcome));
}

type Sent = Pick<SettledFields, 'type' | 'usageId' | 'owner' | 'code' | 'usage'> &
  Partial<Pick<SettledFields, 'customer'>>;

/** Nothing where nobody can tell. */
function sentOf({ rule, event, resolved }: StoredDelivery, kept: ReturnType<RulesOf>): Sent | undefined {
  const mapped = kept?.map(rule, event);
  if (!kept || !mapped?.ok) return undefined;
  // As a worker has it: what was looked up is of this customer alone.
  const isFound = mapped.pending !== undefined && resolved?.customer === mapped.pending.customer;
  const usage = isFound ? mapped.pending.complete(resolved.subscription) : mapped.usage;
  if (usage === undefined) return undefined;
  const { usageId, owner, code } = kept.readUsage(usage.body);
  return {
    type: kept.type,
    usageId,
    owner,
    customer: isFound ? resolved.customer : undefined,
    code,
    usage: usage.body,
  };
}

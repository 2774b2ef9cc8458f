import { type DestinationSettings, kindOf, type ListedUsage } from '@meterbridge/destinations';
import type { Receipt } from '@meterbridge/receipts';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { ApiSide } from '../reconcile/ask-books.js';
import { groupBy } from '../reconcile/group-by.js';
import { AccountReads, isLimited } from '../stored/account-reads.js';
import { isStopped, type Work } from '../work.js';

/** What an API holds now under the id of a usage event that it was sent. */
export type HeldUsage = {
  destination: string;
  code: string;
  usageId: string;
  /** Whose it is, where two owners may have one id. */
  owner?: string | undefined;
  rows: HeldRow[];
  /** Why it is not known; then `rows` is empty. */
  problem?: string | undefined;
};

export type HeldRow = {
  /** The API's own name of it. */
  row: string;
  code: string;
  owner: string;
  /** ISO 8601. */
  time: string;
  /** In which it differs from all that was sent; none where it is what was sent, null where nobody knows. */
  fields: string[] | null;
  /** A later version of the record has taken its place, as the API has it: that is as it should be. */
  isNewer: boolean;
};

/** A receipt that says under which id an API was asked to keep it. */
type SentReceipt = Receipt & Required<Pick<Receipt, 'usageId' | 'code' | 'eventAt'>>;

/** Usage events that are asked for; a request may have brought thousands. */
export const MOST_ASKED = 20;
/** Whoever looks waits for it. */
const TIMEOUT_MS = 10_000;

/**
 * Asks each API what it holds under the ids of these receipts, within the budget of reads of its account. Changes nothing
 * there.
 * @param found receipts by the destination that they are of
 */
export async function readHeld(
  ops: Pick<Operations, 'config'>,
  found: readonly { destination: string; receipts: readonly Receipt[] }[],
  work: Work,
): Promise<{ held: HeldUsage[]; notAsked: number }> {
  const asked = found.flatMap(({ destination, receipts }) => {
    const settings = ops.config.destinations.find(({ name }) => name === destination);
    return groupUsages(receipts).map((usages) => ({ destination, settings, usages }));
  });
  const held: HeldUsage[] = [];
  for (const [name, some] of groupBy(asked.slice(0, MOST_ASKED), ({ destination }) => destination)) {
    const { settings } = some[0]!;
    const groups = some.map(({ usages }) => usages);
    const problem = whyNot(settings, groups);
    if (problem !== null) held.push(...groups.map((usages) => unknown(name, usages, problem)));
    else held.push(...(await askApi(ops, settings!, groups, work)));
  }
  return { held, notAsked: Math.max(0, asked.length - MOST_ASKED) };
}

/** Receipts of one usage event, as its API tells them apart. Pure. */
function groupUsages(receipts: readonly Receipt[]): SentReceipt[][] {
  const sent = receipts.filter(
    (each): each is SentReceipt =>
      each.usageId !== undefined && each.code !== undefined && each.eventAt !== undefined,
  );
  const groups = groupBy(sent, ({ type, usageId, code, owner }) =>
    JSON.stringify([type, usageId, code, owner]),
  );
  return [...groups.values()];
}

function whyNot(settings: DestinationSettings | undefined, groups: readonly SentReceipt[][]): string | null {
  if (!settings) return 'it is configured no more';
  const { title, books } = kindOf(settings.type);
  if (!books) return `${title} does not show what it holds`;
  return groups.some(([receipt]) => receipt!.type !== settings.type) ? 'it was another API then' : null;
}

function unknown(destination: string, [receipt]: readonly SentReceipt[], problem: string): HeldUsage {
  const { code, usageId, owner } = receipt!;
  return { destination, code, usageId, owner, rows: [], problem };
}

async function askApi(
  { config }: Pick<Operations, 'config'>,
  settings: DestinationSettings,
  groups: readonly SentReceipt[][],
  work: Work,
): Promise<HeldUsage[]> {
  const { title, books } = kindOf(settings.type);
  const timeoutMs = Math.min(TIMEOUT_MS, settings.timeoutMs ?? TIMEOUT_MS);
  const reads = new AccountReads(settings, config, { timeoutMs, isPassing: isLimited, signal: work.signal });
  const api = new ApiSide(books!, reads, title);
  const held: HeldUsage[] = [];
  try {
    for (const usages of groups) {
      if (isStopped(work)) held.push(unknown(settings.name, usages, 'stopped before'));
      else held.push(await askFor(api, settings, usages));
    }
  } finally {
    await reads.close();
  }
  return held;
}

async function askFor(
  api: ApiSide,
  settings: DestinationSettings,
  usages: readonly SentReceipt[],
): Promise<HeldUsage> {
  try {
    const rows = await findRows(api, settings, usages);
    const told = await Promise.all(rows.map((row) => compareRow(api, row, settings, usages)));
    return { ...unknown(settings.name, usages, ''), rows: told, problem: undefined };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return unknown(settings.name, usages, error.message);
  }
}

/** By its id, and by its time where an id leads to nothing, or to what is another's under the same id. */
async function findRows(
  api: ApiSide,
  { type }: DestinationSettings,
  usages: readonly SentReceipt[],
): Promise<ListedUsage[]> {
  const { books, usageIdentity } = kindOf(type);
  const { code, usageId, owner } = usages[0]!;
  const isKeyedByOwner = usageIdentity.fields.includes('owner');
  const isIt = (row: ListedUsage) =>
    row.usageId === usageId && row.code === code && (!isKeyedByOwner || row.owner === owner);
  const byId = await api.byId(code, usageId);
  if (byId?.some(isIt)) return byId.filter(isIt);
  const rows = new Map<string, ListedUsage>();
  for (const at of new Set(usages.map(({ eventAt }) => eventAt))) {
    const { toleranceMs } = books!;
    const span = { from: at - toleranceMs, to: at + toleranceMs + 1 };
    for (const row of await api.list(code, span)) if (isIt(row)) rows.set(row.row, row);
  }
  return rows.size > 0 ? [...rows.values()] : (byId ?? []);
}

/** It may be any version of what was sent. */
async function compareRow(
  api: ApiSide,
  row: ListedUsage,
  { type }: DestinationSettings,
  usages: readonly SentReceipt[],
): Promise<HeldRow> {
  let fields: string[] | null = null;
  for (const usage of new Set(usages.map((each) => each.usage))) {
    const differing = usage === undefined ? null : await api.compare(usage, row);
    if (differing !== null && (fields === null || differing.length < fields.length)) fields = differing;
  }
  const { row: name, code, owner, at } = row;
  const isNewer =
    kindOf(type).usageIdentity.inEffect === 'newest' && usages.every(({ eventAt }) => at > eventAt);
  return { row: name, code, owner, time: new Date(at).toISOString(), fields, isNewer };
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutcomeRun, StoredDelivery } from '@meterbridge/delivery';
import { destinationSettingsSchema, rulesVersion } from '@meterbridge/destinations';
import { encodeDeliveries, type ReceiptEntry } from '@meterbridge/queue/batch';

export const HOUR_MS = 3_600_000;
/** A full hour. */
export const START = Date.parse('2026-11-01T12:00:00.000Z');

const settings = {
  lago: {
    type: 'lago',
    name: 'lago',
    apiKey: 'k',
    rules: [
      { name: 'calls', subscription: 'userId', properties: { '*': 'properties' } },
      { name: 'found', subscription: { lookup: 'customer', customer: 'userId' } },
    ],
  },
  hyperline: {
    type: 'hyperline',
    name: 'hyperline',
    apiKey: 'k',
    rules: [
      {
        name: 'calls',
        customer: 'userId',
        eventType: 'event',
        record: { '*': 'properties', id: 'properties.thing' },
        uniqueIds: true,
      },
    ],
  },
};

/** A version of each API's rules. */
export const RULES = {
  lago: rulesVersion(destinationSettingsSchema.parse(settings.lago)),
  hyperline: rulesVersion(destinationSettingsSchema.parse(settings.hyperline)),
};

/** A folder for a store, with the rules of both APIs in every shard. */
export async function makeStore(shards: string[]): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'meterbridge-receipts-'));
  for (const shard of shards) {
    await mkdir(join(dir, shard, 'rules'), { recursive: true });
    for (const { version, text } of Object.values(RULES))
      await writeFile(join(dir, shard, 'rules', `${version}.json`), text);
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

export type Usage = Partial<Pick<StoredDelivery, 'rule' | 'source' | 'resolved' | 'sentUnder'>> & {
  id: string;
  at?: number;
  user?: string;
  event?: string;
  request?: string;
  properties?: object;
};

/** @param usage `at`: the event's own time, epoch milliseconds */
export function aDelivery({
  id,
  at = START,
  user = 'acme',
  event,
  request,
  properties,
  ...how
}: Usage): StoredDelivery {
  const timestamp = new Date(at).toISOString();
  return {
    rule: 'calls',
    source: 'backend',
    hour: Math.floor(at / HOUR_MS),
    event: {
      type: 'track',
      event: event ?? 'API Call',
      messageId: id,
      userId: user,
      timestamp,
      receivedAt: timestamp,
      properties: { thing: id, ...properties },
    } as unknown as StoredDelivery['event'],
    ...(request === undefined ? {} : { request: { id: request } }),
    ...how,
  };
}

/** What a settlement left whose job was `job`, at `id`. */
export function settled(
  id: string,
  job: string,
  usages: Usage[],
  outcomes: OutcomeRun[] = [['delivered', usages.length]],
  rules: string | undefined = RULES.lago.version,
): ReceiptEntry {
  const batch = encodeDeliveries(usages.map(aDelivery));
  return { id, kind: 'settled', job, rev: `rev-${job}`, batch, outcomes, rules };
}

export function filtered(id: string, counts: Record<string, Record<string, number>>): ReceiptEntry {
  return { id, kind: 'filtered', filtered: counts };
}

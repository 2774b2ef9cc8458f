import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { countReceipts, knownShards, readDeadLetters } from '@meterbridge/queue';
import { listSpools, openReceipts, readManifest, readSpool, shardFolder } from '@meterbridge/receipts';
import type { Accounts } from './settle.js';
import type { Stage } from './stage.js';

/** The lease of an archivist that was killed has to end first. */
const KEPT_WITHIN_MS = 120_000;
const ALL_TIMES = { from: 0, to: Date.UTC(2100, 0) };
const SHOWN = 5;

/**
 * Holds the books against the ledger, by number, and against what both APIs hold, event by event.
 * @param isWhole Redis has forgotten no settlement: then the books have exactly what the ledger has
 * @returns what differs, a sentence each
 */
export async function checkBooks(stage: Stage, accounts: Accounts, isWhole: boolean): Promise<string[]> {
  const { receiptsDirectory: dir } = stage;
  if (dir === undefined) return [];
  if (!(await untilKept(stage))) return ['receipts wait in Redis, and no archivist keeps them'];
  const problems: string[] = [];
  for (const destination of ['lago', 'hyperline'] as const) {
    const { delivered, duplicate, filtered } = accounts[destination];
    const kept = await countKept(stage, dir, destination);
    if (isWhole && (kept.settled !== delivered + duplicate || kept.filtered !== filtered)) {
      const ledger = `${delivered + duplicate} delivered and ${filtered} filtered`;
      problems.push(
        `${destination}: the ledger has ${ledger}, the books ${kept.settled} and ${kept.filtered}`,
      );
    }
    const { notThere, notBooked } = await compareUsage(stage, dir, destination);
    problems.push(...describe(notThere, `${destination}: in the books and not there`));
    // What was accepted, delivered and forgotten within one second is there, and nowhere else.
    if (isWhole) problems.push(...describe(notBooked, `${destination}: there and not in the books`));
  }
  return problems;
}

/** False where something still waits in Redis. */
async function untilKept({ look }: Stage): Promise<boolean> {
  const deadline = Date.now() + KEPT_WITHIN_MS;
  for (;;) {
    const shards = await knownShards(look);
    const waiting = await Promise.all(shards.map((shard) => countReceipts(look, shard)));
    if (waiting.every(({ entries }) => entries === 0)) return true;
    if (Date.now() > deadline) return false;
    await sleep(200);
  }
}

/** Deliveries and filtered events that are on disk, in closed files and in spools, each settlement once. */
async function countKept(
  { look }: Stage,
  dir: string,
  destination: string,
): Promise<{ settled: number; filtered: number }> {
  const sum = { settled: 0, filtered: 0 };
  const shards = (await knownShards(look)).filter((shard) => shard.split('@')[0] === destination);
  for (const shard of shards) {
    const { files } = await readManifest(shardFolder(dir, shard), shard);
    for (const { counts } of files) {
      for (const { filtered = 0, ...settled } of Object.values(counts).flatMap(Object.values)) {
        sum.filtered += filtered;
        for (const deliveries of Object.values(settled)) sum.settled += deliveries as number;
      }
    }
    const seen = new Set<string>();
    for (const spool of await listSpools({ dir, shard })) {
      const file = join(shardFolder(dir, shard), `${spool}.spool`);
      const handle = await open(file);
      for await (const entry of readSpool(handle, file, 'leave')) {
        const name = entry.kind === 'settled' ? `${entry.job} ${entry.rev}` : entry.id;
        if (seen.has(name)) continue;
        seen.add(name);
        if (entry.kind === 'settled') for (const [, deliveries] of entry.outcomes) sum.settled += deliveries;
        else
          for (const events of Object.values(entry.filtered).flatMap(Object.values)) sum.filtered += events;
      }
      await handle.close();
    }
  }
  return sum;
}

/** What the books say that an API holds, and what it does hold: only what died on its way may be there alone. */
async function compareUsage(
  stage: Stage,
  dir: string,
  destination: 'lago' | 'hyperline',
): Promise<{ notThere: string[]; notBooked: string[] }> {
  const booked = new Set<string>();
  const books = await openReceipts({ dir, destination });
  try {
    const codes = new Set((await books.countUsage(ALL_TIMES)).map(({ code }) => code));
    for (const code of codes) {
      for await (const { usageId } of books.listUsage(code, ALL_TIMES)) booked.add(`${code} ${usageId}`);
    }
  } finally {
    await books.close();
  }
  const held = new Set(
    [...stage.sandbox[destination].ledger.entries()].map(({ code, id }) => `${code} ${id}`),
  );
  const dead = new Set<string>();
  for await (const { letter } of readDeadLetters<{ event?: { messageId?: string } }>(
    destination,
    stage.look,
  )) {
    dead.add(letter.event?.messageId ?? '');
  }
  const notThere = [...booked].filter((name) => !held.has(name));
  const notBooked = [...held].filter(
    (name) => !booked.has(name) && !dead.has(name.slice(name.indexOf(' ') + 1)),
  );
  return { notThere, notBooked };
}

function describe(names: readonly string[], what: string): string[] {
  if (names.length === 0) return [];
  return [`${what}: ${names.length}, as ${names.slice(0, SHOWN).join(', ')}`];
}

import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach } from '@jest/globals';
import type { Config } from '@meterbridge/config';
import type { OutcomeRun } from '@meterbridge/delivery';
import { beginSpool, nextSpool, openReceipts } from '@meterbridge/receipts';
import { type Sandbox, type SandboxOptions, startSandbox } from '@meterbridge/sandbox';
import { useClosing } from '@meterbridge/testing';
import { HYPERLINE_KEY, LAGO_KEY } from '@meterbridge/testing/sample-config';
import { makeStore, RULES, START, settled, type Usage } from '../../receipts/test/a-store.js';
import { type BooksStore, type Operations, openOperations } from '../src/index.js';
import { configWith } from './config.js';

export type TestBooks = {
  dir: string;
  store: BooksStore;
  sandbox: Sandbox;
  /** A settlement of its own in a spool of its own, one minute after the one before. */
  keep(shard: string, usages: Usage[], outcomes?: OutcomeRun[]): Promise<void>;
  /** When the last one was settled. */
  lastAt(): number;
  operations(): Promise<Operations>;
};

/** Call at the top of a test file: books on disk and stand-ins for the APIs, anew for each test. */
export function useBooks(
  redisUrl: () => string,
  lago: Partial<SandboxOptions['lago']> = {},
): () => TestBooks {
  const closing = useClosing();
  let books: TestBooks | undefined;
  let remove = async () => {};
  beforeEach(async () => {
    const folder = await makeStore(['lago', 'lago@1', 'hyperline', 'former']);
    const { dir } = folder;
    const sandbox = await startSandbox({
      lago: { apiKey: LAGO_KEY, store: 'postgres', ...lago },
      hyperline: { apiKey: HYPERLINE_KEY },
    });
    remove = async () => {
      await sandbox.close();
      await folder.remove();
    };
    let number = 0;
    books = {
      dir,
      sandbox,
      store: {
        destinations: async () => (await readdir(dir)).filter((name) => !name.includes('@')),
        open: (destination) => openReceipts({ dir, destination }),
      },
      lastAt: () => START + number * 60_000,
      async keep(shard, usages, outcomes = [['delivered', usages.length]]) {
        number += 1;
        const place = { dir, shard };
        const spool = await beginSpool({ ...place, spool: await nextSpool(place) });
        const { version } = shard === 'hyperline' ? RULES.hyperline : RULES.lago;
        await spool.append([
          settled(`${START + number * 60_000}-0`, `job-${number}`, usages, outcomes, version),
        ]);
        await spool.close();
      },
      async operations() {
        const read = configWith(redisUrl());
        const destinations = read.destinations.map((each) => ({ ...each, url: sandbox[each.type].url }));
        const config = { ...read, destinations } as Config;
        const ops = await openOperations(config, { actor: 'a test', scrub: (text) => text });
        closing.push(() => ops.close());
        return ops;
      },
    };
  });
  afterEach(() => remove());
  return () => books!;
}

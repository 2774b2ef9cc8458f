import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '@meterbridge/sandbox';
import { HYPERLINE_KEY, LAGO_KEY, NEVER_SHOWN, WRITE_KEY } from '@meterbridge/testing/sample-config';
import type { Redis } from 'ioredis';
import { configOf, type Setting } from './config.js';
import { type Firewall, openFirewall } from './firewall/firewall.js';
import { LAGO_KNOWS } from './load/make-event.js';
import { type LogWatch, openLogWatch } from './log-watch.js';
import { type Member, startMember } from './member.js';
import { prepareReleased, type Released } from './released.js';
import { TREE } from './run-command.js';
import { openStore, type Store } from './stores/open-store.js';

/** The whole product as real processes, a real Redis, and both billing APIs in this process. */
export type Stage = {
  setting: Setting;
  folder: string;
  sandbox: Sandbox;
  /** Where the setting has one. */
  firewall: Firewall | undefined;
  /** Where half of the processes are of it: the first of each kind. */
  released: Released | undefined;
  receivers: Member[];
  workers: Member[];
  /** Left out where half of the workers leave no receipts. */
  archivist: Member | undefined;
  /** Where it keeps them. */
  receiptsDirectory: string | undefined;
  store: Store;
  /** Straight to the Redis that is the master now, past every link. */
  readonly look: Redis;
  logs: LogWatch;
  /** Redis has forgotten what it had settled, by a scenario's doing. */
  hasForgotten: boolean;
  /** For commands of the product. */
  env(): Record<string, string>;
  close(options: { keep: boolean }): Promise<void>;
};

/** The store of a stage that has one of this kind. */
export function storeOf<Kind extends Store['kind']>(
  stage: Stage,
  kind: Kind,
): Extract<Store, { kind: Kind }> {
  if (stage.store.kind !== kind) throw new Error(`this needs a stage whose Redis is a ${kind}`);
  return stage.store as Extract<Store, { kind: Kind }>;
}

export const singleOf = (stage: Stage) => storeOf(stage, 'single');

/** The firewall of a stage that has one. */
export function firewallOf({ firewall }: Stage): Firewall {
  if (!firewall) throw new Error('this needs a stage with a firewall');
  return firewall;
}

export function membersOf({
  receivers,
  workers,
  archivist,
}: Pick<Stage, 'receivers' | 'workers' | 'archivist'>): Member[] {
  return [...receivers, ...workers, ...(archivist ? [archivist] : [])];
}

const RECEIVERS = 2;
const WORKERS = 2;

/** Long enough that a killed worker nearly always has requests on their way. */
const ANSWER_MS = 50;

/**
 * @param lagoStore how Lago counts: `clickhouse` bills an id again at another time, `postgres` refuses it
 * @throws ReleasedError where the released version is asked for and cannot be had
 */
export async function openStage(setting: Setting, lagoStore: 'clickhouse' | 'postgres'): Promise<Stage> {
  const released = setting.isMixed ? await prepareReleased() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'meterbridge-chaos-'));
  const configFile = join(folder, 'meterbridge.config.yaml');
  await writeFile(configFile, configOf(setting));
  const logs = openLogWatch(join(folder, 'processes.log'), NEVER_SHOWN);
  const sandbox = await startSandbox({
    lago: { apiKey: LAGO_KEY, store: lagoStore, ...LAGO_KNOWS },
    hyperline: { apiKey: HYPERLINE_KEY },
    latencyMs: ANSWER_MS,
    keepEvents: 300_000,
  });
  const firewall = setting.firewall ? await openFirewall(sandbox.port) : undefined;
  const store = await openStore(setting.store, folder);
  // A version before them settles without.
  const receiptsDirectory = setting.isMixed ? undefined : join(folder, 'receipts');
  const base = {
    METERBRIDGE_CONFIG: configFile,
    SEGMENT_WRITE_KEY: WRITE_KEY,
    LAGO_API_KEY: LAGO_KEY,
    HYPERLINE_API_KEY: HYPERLINE_KEY,
    LOG_LEVEL: 'debug',
    ...(receiptsDirectory === undefined ? {} : { RECEIPTS_DIRECTORY: receiptsDirectory }),
  };
  const isReleased = (number: number) => released !== undefined && number === 1;
  const start = (role: Member['role'], number: number) =>
    startMember({
      name: `${role} ${number}`,
      role,
      of: isReleased(number) ? 'released' : 'tree',
      program: isReleased(number) ? { root: released!.folder } : TREE,
      env: base,
      redisPort: store.port,
      ...(store.kind === 'cluster' ? { redisUrl: store.url } : {}),
      apiPort: (firewall ?? sandbox).port,
      logs,
    });
  const receivers = await Promise.all(Array.from({ length: RECEIVERS }, (_, n) => start('receiver', n + 1)));
  const workers = await Promise.all(Array.from({ length: WORKERS }, (_, n) => start('worker', n + 1)));
  const archivist = receiptsDirectory === undefined ? undefined : await start('archivist', 1);
  const members = membersOf({ receivers, workers, archivist });
  await Promise.all(members.map((member) => member.untilReady()));

  return {
    setting,
    folder,
    sandbox,
    firewall,
    released,
    receivers,
    workers,
    archivist,
    receiptsDirectory,
    store,
    logs,
    hasForgotten: false,
    get look() {
      return store.look;
    },
    env: () => ({
      ...base,
      REDIS_URL: store.url,
      LAGO_API_URL: sandbox.lago.url,
      HYPERLINE_API_URL: sandbox.hyperline.url,
    }),
    async close({ keep }) {
      await Promise.all(members.map((member) => member.stop()));
      await store.close();
      await firewall?.close();
      await sandbox.close();
      await logs.close();
      if (!keep) await rm(folder, { recursive: true, force: true });
    },
  };
}

import { type ClusterStore, openCluster } from './cluster-store.js';
import { openPair, type PairStore } from './pair-store.js';
import { openSingle, type SingleStore } from './single-store.js';

/** The Redis of a stage. */
export type Store = SingleStore | PairStore | ClusterStore;

/** `everysec` is a single one that may lose the last second with the power. */
export type StoreKind = 'single' | 'everysec' | 'pair' | 'cluster';

/** @param folder where it keeps its data */
export function openStore(kind: StoreKind, folder: string): Promise<Store> {
  switch (kind) {
    case 'single':
      return openSingle(folder, 'always');
    case 'everysec':
      return openSingle(folder, 'everysec');
    case 'pair':
      return openPair(folder);
    case 'cluster':
      return openCluster();
  }
}

/** The `redis` section of the configuration that belongs to it. */
export const REDIS_SETTINGS: Record<StoreKind, string> = {
  single: '',
  everysec: '',
  pair: 'redis: { replicas: 1 }\n',
  cluster: 'redis: { replicas: 1, shards: 3 }\n',
};

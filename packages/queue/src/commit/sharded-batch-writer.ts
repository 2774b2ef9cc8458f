import type { RequestRef } from '@meterbridge/segment-events';
import { shardNames } from '../keys/keys.js';
import { BatchWriter, type LaneOptions } from './batch-writer.js';

/** The lanes of a destination's shards: each batch that is opened belongs to the next of them in turn. */
export class ShardedBatchWriter {
  private readonly lanes: BatchWriter[];
  private current = 0;

  /** @param shards how many: those that others have written to are not touched */
  constructor(destination: string, shards: number, options: LaneOptions) {
    const { onCommitted } = options;
    this.lanes = shardNames(destination, shards).map(
      (shard) =>
        new BatchWriter(shard, {
          ...options,
          ...(onCommitted
            ? { onCommitted: (_shard, batches, filtered) => onCommitted(destination, batches, filtered) }
            : {}),
        }),
    );
  }

  /** As `BatchWriter.join`. A shard that is being written to is passed over for one that is not. */
  join(source: string, heads: string[], eventJson: string, request?: RequestRef): Promise<string> {
    this.choose();
    return this.lane.join(source, heads, eventJson, request);
  }

  countFiltered(source: string, name: string): void {
    this.lane.countFiltered(source, name);
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }

  private choose(): void {
    if (this.lane.hasOpenBatch && !this.lane.isWriting) return;
    const { length } = this.lanes;
    for (let step = 1; step <= length; step++) {
      const other = (this.current + step) % length;
      if (this.lanes[other]!.isWriting) continue;
      this.current = other;
      return;
    }
    if (!this.lane.hasOpenBatch) this.current = (this.current + 1) % length;
  }

  private get lane(): BatchWriter {
    return this.lanes[this.current]!;
  }
}

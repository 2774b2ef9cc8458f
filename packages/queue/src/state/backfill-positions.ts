import type { Redis } from 'ioredis';
import { asStoreError } from '../redis/errors.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/** How far one file of a backfill is committed. */
export type FilePosition = {
  /** All lines up to this one, counted from 1, are committed or were not wanted; 0 for none. */
  line: number;
  isDone: boolean;
  /** Tells the file from another of its name. */
  stamp: string;
};

/** A backfill that nobody goes on with for so long is forgotten. */
const KEPT_SECONDS = 30 * 86_400;

const saveScript = defineScript(SCRIPTS['state/save-position']);

/**
 * The positions of one backfill, file by file. They lie beside what was committed, so that a Redis that loses
 * one loses the other. Throws as `DeliveryWriter.commit` does.
 */
export class BackfillPositions {
  private readonly redis: Redis;
  private readonly key: string;
  private readonly saved = new Map<string, string>();

  /** @param id the same for the same selection of events: only then positions mean the same */
  constructor(redis: Redis, id: string) {
    this.redis = redis;
    this.key = `meterbridge:{backfills}:${id}`;
  }

  async read(): Promise<Map<string, FilePosition>> {
    this.saved.clear();
    const kept = await this.redis.hgetall(this.key).catch((error) => Promise.reject(asStoreError(error)));
    for (const [file, text] of Object.entries(kept)) this.saved.set(file, text);
    return new Map([...this.saved].map(([file, text]) => [file, JSON.parse(text) as FilePosition]));
  }

  async forget(): Promise<void> {
    await this.redis.del(this.key).catch((error) => Promise.reject(asStoreError(error)));
    this.saved.clear();
  }

  /**
   * After it threw, the same position is to be saved again before another: the first may be kept.
   * @returns false where another one is kept than was saved or read last
   */
  async save(file: string, position: FilePosition): Promise<boolean> {
    const text = JSON.stringify(position);
    const before = this.saved.get(file) ?? '';
    try {
      const given = { file, before, position: text, keptSeconds: KEPT_SECONDS };
      const isSaved = (await saveScript.run(this.redis, { positions: this.key }, given)) === 1;
      if (isSaved) this.saved.set(file, text);
      return isSaved;
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

import type { StoredDelivery } from './stored-delivery.js';

/**
 * A number of deliveries for each bucket, `<hour>/<source>`: what one source brought in one hour. An account is
 * kept for each bucket, so that its equation closes for every hour.
 */
export type BucketCounts = Record<string, number>;

const HOUR_MS = 3_600_000;

/** Hours since 1970, UTC. @param at epoch milliseconds */
export function hourAt(at: number): number {
  return Math.floor(at / HOUR_MS);
}

export function bucketOf(hour: number, source: string): string {
  return `${hour}/${source}`;
}

/** The hour and the source that make a bucket. */
export function splitBucket(bucket: string): { hour: number; source: string } {
  const end = bucket.indexOf('/');
  return { hour: Number(bucket.slice(0, end)), source: bucket.slice(end + 1) };
}

export function countInBucket(
  counts: BucketCounts,
  { hour, source }: Pick<StoredDelivery, 'hour' | 'source'>,
): void {
  const bucket = bucketOf(hour, source);
  counts[bucket] = (counts[bucket] ?? 0) + 1;
}

export function countByBucket(deliveries: readonly Pick<StoredDelivery, 'hour' | 'source'>[]): BucketCounts {
  const counts: BucketCounts = {};
  for (const delivery of deliveries) countInBucket(counts, delivery);
  return counts;
}

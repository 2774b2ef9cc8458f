import { inflateRawSync } from 'node:zlib';
import {
  type BucketCounts,
  countByBucket,
  formatToWrite,
  type Isolation,
  NewerFormatError,
  newerFormat,
  type StoredDelivery,
} from '@meterbridge/delivery';
import { BatchText } from './batch-text.js';
import { decodeRuns, RequestRuns } from './request-runs.js';

/** The revision of a job that nobody has written to since it was added. */
export const FIRST_REV = '0';

const FORMAT = formatToWrite('job');

/**
 * Data of one batch job. Compressed, because a waiting event then takes about 95 bytes of Redis instead of
 * 507 (measured, 100 events of 500 bytes).
 */
export type BatchData = {
  /** Of all that is said here; left out for the first. */
  format?: number;
  /** Another one with each settlement, and never the same twice: what was read under an old one cannot be settled. */
  rev: string;
  /** Deliveries in `z`. */
  n: number;
  /** Raw deflate of the deliveries' JSON array, as base64. */
  z: string;
  /** The version of the rules that the receiver routed by, or a worker was about to send by; absent where unknown. */
  rules?: string;
  /** All of it is mapped by those rules, whatever a worker's own are: a replay's plan was shown with them. */
  isPinned?: true;
  /** How often the job was taken up to the turn that wrote this; of later turns nobody knows what they sent. */
  turns?: number;
  /** Set once the job has crashed a worker: how it is being taken apart. */
  isolation?: Isolation;
  /** When the deliveries were accepted that do not say it themselves, in hours since 1970. */
  hour?: number;
  /** The deliveries by bucket: what is wholly delivered is counted without being read again. */
  cells: BucketCounts;
  /** Which request brought which deliveries, in their order (`RequestRuns`); absent where no request is known. */
  requests?: string;
};

export function encodeBatch(
  text: BatchText,
  {
    rev = FIRST_REV,
    ...account
  }: Pick<BatchData, 'hour' | 'cells' | 'rules' | 'requests'> & { rev?: string },
): BatchData {
  return { format: FORMAT, rev, n: text.count, z: text.deflate(), ...account };
}

/** No deliveries, encoded: nearly every settlement leaves none. */
let nothing: string | undefined;

/** Deliveries that have been read before: each says its own hour. */
export function encodeDeliveries(deliveries: StoredDelivery[], rev = FIRST_REV): BatchData {
  if (deliveries.length === 0) {
    nothing ??= new BatchText().deflate();
    return { rev, n: 0, z: nothing, cells: {} };
  }
  const text = new BatchText();
  const requests = new RequestRuns();
  for (const { request, ...delivery } of deliveries) {
    text.add(JSON.stringify(delivery));
    requests.add(request, 1);
  }
  return encodeBatch(text, { rev, cells: countByBucket(deliveries), requests: requests.encode() });
}

/**
 * Throws on data that this version cannot read: a bug or a damaged store, never an event's fault.
 * @throws NewerFormatError for data of a newer version
 */
export function decodeBatch(data: BatchData): StoredDelivery[] {
  const newer = newerFormat('job', data.format);
  if (newer !== undefined) throw new NewerFormatError('job', newer);
  const z = Buffer.from(data.z, 'base64');
  // In one piece, as nearly always: it is an eighth to a tenth of what it holds.
  const json = inflateRawSync(z, { chunkSize: Math.max(1_024, 12 * z.length) }).toString();
  const deliveries = JSON.parse(json) as StoredDelivery[];
  if (deliveries.length !== data.n)
    throw new Error(`batch says ${data.n} deliveries, holds ${deliveries.length}`);
  if (data.hour !== undefined) for (const delivery of deliveries) delivery.hour ??= data.hour;
  if (data.requests !== undefined) tellRequests(deliveries, data.requests);
  return deliveries;
}

function tellRequests(deliveries: StoredDelivery[], requests: string): void {
  let at = 0;
  for (const { request, count } of decodeRuns(requests)) {
    for (const end = Math.min(at + count, deliveries.length); at < end; at++) {
      deliveries[at]!.request = request;
    }
  }
}

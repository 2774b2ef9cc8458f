/**
 * What a job and a receipt's entry hold and how they are read, without the code that talks to Redis: who reads them from
 * a file imports it alone.
 */
export { type BatchData, decodeBatch, encodeDeliveries } from './batch/batch-codec.js';
export { compareStreamIds, millisecondsOf } from './keys/dead-letter-id.js';
export { destinationOf } from './keys/keys.js';
export type {
  FilteredEntry,
  ReceiptEntry,
  SettledEntry,
} from './receipts/receipt-entry.js';

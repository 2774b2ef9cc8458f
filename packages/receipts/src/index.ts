/**
 * The books: what was delivered, kept for years in files of rows, and questions to them. It knows no Redis and no
 * terminal. Begin with `Receipt` and `ReceiptReader`.
 */
export type { Gap, Manifest, ManifestFile } from './manifest.js';
export type { EventSpan, ReceiptReader } from './reader.js';
export type { Receipt, ReceiptOutcome, SettledFields } from './receipt.js';

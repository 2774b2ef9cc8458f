import type { Benchmark } from '../benchmark.js';
import { destinations, largeEvents, mix } from './accounts.js';
import { acknowledgement } from './acknowledgement.js';
import { backlog } from './backlog.js';
import { deadLetters } from './dead-letters.js';
import { latency } from './latency.js';
import { limit } from './limit.js';
import { profile } from './profile.js';
import { refusals } from './refusals.js';
import { replay } from './replay.js';
import { start } from './start.js';
import { receipts, throughput } from './throughput.js';
import { workers } from './workers.js';

/** In the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [
  throughput,
  receipts,
  destinations,
  largeEvents,
  mix,
  profile,
  latency,
  acknowledgement,
  refusals,
  start,
  limit,
  backlog,
  deadLetters,
  workers,
  replay,
];

import type { Benchmark } from '../benchmark.js';
import { acknowledgement } from './acknowledgement.js';
import { backlog } from './backlog.js';
import { deadLetters } from './dead-letters.js';
import { latency } from './latency.js';
import { limit } from './limit.js';
import { profile } from './profile.js';
import { refusals } from './refusals.js';
import { replay } from './replay.js';
import { throughput } from './throughput.js';
import { workers } from './workers.js';

/** In the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [
  throughput,
  profile,
  latency,
  acknowledgement,
  refusals,
  limit,
  backlog,
  deadLetters,
  workers,
  replay,
];

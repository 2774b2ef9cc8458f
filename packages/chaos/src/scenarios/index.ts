import type { Scenario } from '../scenario.js';
import { answersCut, answersLost, apiDown, held, rateLimits, refused, slow } from './api-trouble.js';
import { clocks, frozen, kills, poison, rolling } from './process-trouble.js';
import { failover, forgotten, redisFull } from './redis-trouble.js';

/** In the order in which they are played. */
export const SCENARIOS: readonly Scenario[] = [
  kills,
  apiDown,
  rateLimits,
  answersLost,
  answersCut,
  slow,
  refused,
  held,
  redisFull,
  failover,
  forgotten,
  frozen,
  clocks,
  rolling,
  poison,
];

export { quick } from './quick.js';

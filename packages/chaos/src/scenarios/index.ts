import type { Scenario } from '../scenario.js';
import { answersCut, answersLost, apiDown, held, rateLimits, refused, slow } from './api-trouble.js';
import { drained, redisAway, standingStill } from './changing-hands.js';
import { changeover, clusterFailover } from './failing-over.js';
import { FIREWALL, firewallOutage } from './firewall.js';
import { powerFailure } from './power-failure.js';
import { clocks, kills, poison, rolling } from './process-trouble.js';
import { quick } from './quick.js';
import { failover, forgotten, redisFull } from './redis-trouble.js';
import { sideBySide } from './side-by-side.js';

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
  standingStill(2),
  clocks,
  rolling,
  poison,
];

/** The same step in two hands: after each of these a job may be in another hand, or at another Redis. */
export const HANDS: readonly Scenario[] = [
  redisAway(4),
  standingStill(3),
  drained(6),
  changeover(30),
  clusterFailover(10),
  powerFailure(10),
];

/**
 * Played only where they are asked for by name: the firewalls want a machine to themselves, since they measure how fast
 * things go, and `side-by-side` wants the history of the clone.
 */
export const BY_NAME: readonly { name: string; what: string; scenarios: readonly Scenario[] }[] = [
  {
    name: 'firewall',
    what: 'before both APIs something refuses one event in 1,000: 403, 406, 429, 400, 500, cut; then the good ones’ pace',
    scenarios: FIREWALL,
  },
  { name: sideBySide.name, what: sideBySide.what, scenarios: [sideBySide] },
  { name: firewallOutage.name, what: firewallOutage.what, scenarios: [firewallOutage] },
];

/** A little of everything, and each of the hands' troubles once: what every test run plays. */
export const QUICK_HANDS: readonly Scenario[] = [
  redisAway(1),
  standingStill(1),
  drained(1),
  changeover(4),
  clusterFailover(1),
  powerFailure(1),
];
export const QUICK: readonly Scenario[] = [quick, ...QUICK_HANDS];

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { FIREWALLED } from '../config.js';
import { findShortcomings, measurePace, type Pace } from '../firewall/figures.js';
import { BROKEN, CUT, FORBIDDEN, REFUSALS, type Refusal } from '../firewall/refusals.js';
import { idOf, startLoad } from '../load/load.js';
import { EXPECTED, type Expectation } from '../load/make-event.js';
import { shuffle } from '../random-choice.js';
import type { Scenario, Scene } from '../scenario.js';
import { readAccounts } from '../settle.js';
import { firewallOf, type Stage } from '../stage.js';
import { WORKERS_ONLY } from '../strikes.js';
import { readDead } from '../verify.js';

const APIS = ['lago', 'hyperline'] as const;
type Api = (typeof APIS)[number];

/** As the product is shipped. */
const BATCH_SIZES: Record<Api, number> = { lago: 100, hyperline: 1_000 };

/** Each phase alike, so that one can be held against the other. */
const PHASE = {
  seconds: 10,
  perSecond: 1_000,
  poisonedEvery: 1_000,
  kills: 0,
  setting: FIREWALLED,
  // Those cost requests of their own.
  without: ['refused'],
  settledWithinMs: 180_000,
} satisfies Partial<Scenario>;

/** What the phase without a firewall came to, which the others of its stage are held against. */
type Calm = Record<Api, { pace: Pace; finding: number; proving: number }>;
const calmOf = new WeakMap<Stage, Calm>();

const warmUp: Scenario = {
  ...PHASE,
  name: 'warm-up',
  what: 'a thousand events a second, so that code and connections are warm',
  seconds: PHASE.seconds / 2,
};

const withoutFirewall: Scenario = {
  ...PHASE,
  name: 'no firewall',
  what: 'the same, measured: what the firewalls are held against',
  async trouble(scene) {
    firewallOf(scene.stage).guard();
    await untilSent(scene);
  },
  async after(scene) {
    const { comparisons } = firewallOf(scene.stage);
    const measured = APIS.map((api) => {
      const { finding, proving } = comparisons[api];
      return [api, { pace: paceAt(scene, api), finding, proving }];
    });
    calmOf.set(scene.stage, Object.fromEntries(measured));
    await addFigures(scene);
  },
};

function refusing(refusal: Refusal): Scenario {
  return {
    ...PHASE,
    name: `firewall ${refusal.name}`,
    what: `one event in ${PHASE.poisonedEvery.toLocaleString('en')} is refused by a firewall before both APIs: ${refusal.name}`,
    async trouble(scene) {
      expectOfPoisoned(scene, refusal.deadAs);
      firewallOf(scene.stage).guard(refusal);
      await untilSent(scene);
      await trickleUntilSettled(scene);
    },
    async after(scene) {
      await addFigures(scene, refusal);
      for (const api of APIS)
        scene.notes.push(`${api}: ${firewallOf(scene.stage).comparisons[api].describe()}`);
      for (const each of scene.figures) scene.problems.push(...findShortcomings(each));
    },
  };
}

/** Says how busy the machine was: senders, firewall and both APIs are this very process. */
async function untilSent({ load, notes }: Scene): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await load.done;
  delay.disable();
  const lateMs = (delay.percentile(95) / 1e6 - 10).toFixed(0);
  notes.push(`what is due in the run's own process is ${lateMs} ms late (p95)`);
}

/** Events that come together, and how long until the next do. */
const TRICKLE = { count: 10, everyMs: 1_000 };
const TRICKLE_FOR_MS = 240_000;
const TRICKLE_FOR_AFTER_OUTAGES_MS = 400_000;

/**
 * A few good events go on coming until nothing is in flight: an event is only found to fail alone while others are
 * accepted. They are followed to their end as all others are, and not measured.
 */
async function trickleUntilSettled(
  { stage, load, random, trickles }: Scene,
  forMs = TRICKLE_FOR_MS,
): Promise<void> {
  const deadline = Date.now() + forMs;
  for (let round = 0; Date.now() < deadline && !load.options.signal.aborted; round += 1) {
    const { lago, hyperline } = await readAccounts(stage);
    if (lago.inFlight + hyperline.inFlight === 0) return;
    const { options } = load;
    const prefix = `${options.prefix}-trickle-${round}`;
    const trickle = startLoad({
      ...options,
      prefix,
      count: TRICKLE.count,
      durationMs: 1,
      random,
      kind: 'usage',
      // A repeat comes alone, and would be taken for one to compare with.
      repeated: 0,
    });
    trickles.push(trickle);
    await trickle.done;
    await sleep(TRICKLE.everyMs);
  }
}

/** One kind of firewall after the other, at the product's own limits: all phases share one stage. */
export const FIREWALL: readonly Scenario[] = [warmUp, withoutFirewall, ...REFUSALS.map(refusing)];

async function addFigures(scene: Scene, refusal?: Refusal): Promise<void> {
  const { stage, load, figures } = scene;
  const calm = calmOf.get(stage);
  const dead = await readDead(stage, load.options.prefix);
  for (const where of APIS) {
    const letters = numbersOfPoisoned(scene).map((n) => dead[where].get(idOf(load.options.prefix, n)) ?? []);
    const { finding, proving } = firewallOf(stage).comparisons[where];
    figures.push({
      where,
      ...paceAt(scene, where, calm?.[where].pace.p95Ms),
      calmP95Ms: calm?.[where].pace.p95Ms ?? Number.NaN,
      poisoned: letters.flat().length,
      finding: finding - (calm?.[where].finding ?? 0),
      proving: proving - (calm?.[where].proving ?? 0),
      isProvedOverTime: refusal?.deadAs === 'fails_alone',
      batchSize: BATCH_SIZES[where],
    });
  }
}

/** Of what has to be stored there. */
function paceAt({ stage, load, expected }: Scene, where: Api, graceMs?: number): Pace {
  const { kinds, acknowledged, firstAnsweredAt, options } = load;
  const { ledger } = stage.sandbox[where];
  const toEpochMs = Date.now() - performance.now();
  const ways = [];
  for (const [n, kind] of kinds.entries()) {
    const isGood = (expected.get(n) ?? EXPECTED[kind])[where] === 'once';
    if (!isGood || acknowledged[n] !== 1) continue;
    const storedAtMs = ledger.firstStoredAtMs(idOf(options.prefix, n));
    ways.push({ acceptedAtMs: firstAnsweredAt[n]! + toEpochMs, storedAtMs });
  }
  return measurePace(ways, graceMs);
}

function numbersOfPoisoned({ load: { kinds } }: Scene): number[] {
  return kinds.flatMap((kind, n) => (kind === 'poisoned' ? [n] : []));
}

function expectOfPoisoned(scene: Scene, reason: string): void {
  const dead: Expectation = { lago: `dead:${reason}`, hyperline: `dead:${reason}`, receiver: 'nothing' };
  for (const n of numbersOfPoisoned(scene)) scene.expected.set(n, dead);
}

const OUTAGES: readonly Refusal[] = [FORBIDDEN, BROKEN, CUT];
const OUTAGE_MS = { least: 10_000, most: 20_000 };
/** A destination that is held asks once a minute whether it may go on. */
const COMPARED_WITHIN_MS = 150_000;
/** Long enough that some poisoned events have their end. */
const BETWEEN_MS = 8_000;

export const firewallOutage: Scenario = {
  name: 'firewall-outage',
  what: 'a firewall refuses one event in 200; three times, while it is sought, everything is refused so for 10 to 20 s',
  seconds: 90,
  kills: 8,
  strikes: WORKERS_ONLY,
  setting: FIREWALLED,
  without: ['refused'],
  poisonedEvery: 200,
  async trouble(scene) {
    const { stage, random, tell, problems } = scene;
    const firewall = firewallOf(stage);
    // It meets another kind of refusal in each round, so that either may be its end.
    expectOfPoisoned(scene, 'refused|fails_alone');
    for (const refusal of shuffle([...OUTAGES], random)) {
      firewall.guard(refusal);
      const began = await beginWhileComparing(scene, refusal);
      if (!began) {
        problems.push(`${refusal.name}: no event that was refused came again, so there was no outage`);
        continue;
      }
      const outageMs = OUTAGE_MS.least + random() * (OUTAGE_MS.most - OUTAGE_MS.least);
      tell(`an event that was refused comes again: ${refusal.name} for everything`);
      await sleep(outageMs);
      firewall.refuseAll(undefined);
      tell(`${refusal.name} for poisoned events only`);
      await sleep(BETWEEN_MS);
    }
    await scene.load.done;
    await trickleUntilSettled(scene, TRICKLE_FOR_AFTER_OUTAGES_MS);
  },
};

/** @returns whether the outage has begun: with the very request in which an event comes again, after it was refused */
async function beginWhileComparing({ stage }: Scene, refusal: Refusal): Promise<boolean> {
  const firewall = firewallOf(stage);
  const compared = new Promise<true>((resolve) => {
    firewall.atNextComparison(() => {
      firewall.refuseAll(refusal);
      resolve(true);
    });
  });
  const late = new AbortController();
  const inTime = sleep(COMPARED_WITHIN_MS, false, { signal: late.signal }).catch(() => false);
  const hasBegun = await Promise.race([compared, inTime]);
  late.abort();
  return hasBegun;
}

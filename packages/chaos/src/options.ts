import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.js';
import { BY_NAME, HANDS, QUICK, QUICK_HANDS, SCENARIOS } from './scenarios/index.js';

export const HELP = `npm run chaos                          every scenario: 200,000 events, over 100 kills, about a quarter of an hour
npm run chaos -- --seed 42             the same events and the same choice of kills as another run with this seed
npm run chaos -- --events 1000000      more events, in the same time
npm run chaos -- --scenario failover   one scenario; give it several times for several
npm run chaos -- --quick               ten kills and a little of everything, then as --hands in small: four minutes
npm run chaos -- --hands               a million events whose jobs change hands and whose Redis changes over: over
                                       100 kills, 30 jobs that changed hands and 30 failovers, about a quarter of an hour
npm run chaos -- --hands --seed 42 --events 200000
npm run chaos -- --hands --quick       each of its troubles once, about three minutes
npm run chaos -- --lago postgres       Lago refuses a known id, where it else takes it again (clickhouse)
npm run chaos -- --scenario side-by-side
                                       half of the processes are of the last released version: two minutes
npm run chaos -- --soak                a million good events and no trouble: what is left in Redis and in memory

Runs two receivers, two workers and a Redis (appendfsync always) as processes of their own, with stand-ins for
Lago and Hyperline. Every event that was answered 200 is followed to its
end. Exit code 1 where anything was lost, in effect twice, wrong or dead without reason, where an account does
not add up, or where a log holds a secret; 2 for wrong usage.

Scenarios:
${describe(SCENARIOS)}

With --hands:
${describe(HANDS)}

With --scenario only:
${describe(BY_NAME)}`;

function describe(scenarios: readonly Pick<Scenario, 'name' | 'what'>[]): string {
  return scenarios.map(({ name, what }) => `  ${name.padEnd(17)}${what}`).join('\n');
}

const options = {
  seed: { type: 'string' },
  events: { type: 'string' },
  scenario: { type: 'string', multiple: true },
  quick: { type: 'boolean' },
  lago: { type: 'string', default: 'clickhouse' },
  hands: { type: 'boolean' },
  soak: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What one run is to do. */
export type Run = {
  seed: number;
  events: number;
  scenarios: readonly Scenario[];
  /** Its report is of changed hands and failovers. */
  isOfHands: boolean;
  isSoak: boolean;
  lago: 'clickhouse' | 'postgres';
};

const EVENTS = 200_000;
const QUICK_EVENTS = 60_000;
const HANDS_EVENTS = 1_000_000;
const SOAK_EVENTS = 1_000_000;

/** @returns what is wrong with the arguments as a text, an empty one where help is asked for */
export function readRun(): Run | string {
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    return (error as Error).message;
  }
  if (values.help) return '';
  const seed = Number(values.seed ?? randomInt(1, 1_000_000));
  const events = Number(values.events ?? eventsOf(values));
  if (!Number.isSafeInteger(seed) || seed < 1) return '--seed: expected a whole number above 0';
  if (!Number.isSafeInteger(events) || events < 1_000)
    return '--events: expected a whole number, 1000 at least';
  const { lago } = values;
  if (lago !== 'clickhouse' && lago !== 'postgres') return '--lago: expected clickhouse or postgres';
  const alone = [...HANDS, ...SCENARIOS].map((scenario) => [scenario.name, [scenario]] as const);
  const known = new Map<string, readonly Scenario[]>([
    ...alone,
    ...BY_NAME.map(({ name, scenarios: several }) => [name, several] as const),
  ]);
  const unknown = values.scenario?.find((name) => !known.has(name));
  if (unknown !== undefined) return `--scenario: there is no ${unknown}`;
  const scenarios = values.scenario?.flatMap((name) => known.get(name)!) ?? scenariosOf(values);
  return { seed, events, scenarios, isOfHands: values.hands ?? false, isSoak: values.soak ?? false, lago };
}

type Asked = { soak?: boolean; quick?: boolean; hands?: boolean };

function eventsOf({ soak, quick, hands }: Asked): number {
  if (soak) return SOAK_EVENTS;
  if (quick) return QUICK_EVENTS;
  return hands ? HANDS_EVENTS : EVENTS;
}

function scenariosOf({ quick, hands }: Asked): readonly Scenario[] {
  if (hands) return quick ? QUICK_HANDS : HANDS;
  return quick ? QUICK : SCENARIOS;
}

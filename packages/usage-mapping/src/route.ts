import type { SegmentEvent } from '@meterbridge/segment-events';
import { type SplitFilter, splitFilter } from './split-filter.js';

/** What of a destination's settings decides where events go. */
export type RoutedDestination = {
  name: string;
  rules: readonly { name: string; sources?: readonly string[] | undefined; when?: string | undefined }[];
};

/** The rules of one destination that take an event. None: the event is filtered there. */
export type Route = { destination: string; rules: readonly string[] };

/** One route for every destination, in the order of the configuration. */
export type RouteEvent = (event: SegmentEvent, source: string) => Route[];

/** A filter that cannot be read; `destination` and `rule` are indexes into what was given. */
export type RoutingProblem = {
  destination: number;
  rule: number;
  message: string;
  line: number;
  column: number;
};

type CompiledRule = { name: string; sources: ReadonlySet<string> | null; filter: SplitFilter };

/** A destination with the rules that are asked. */
type Asked = { destination: string; nothing: Route; rules: readonly CompiledRule[] };

/** Names are the senders': so many are remembered, and none that is longer. Then all are forgotten. */
const REMEMBERED_NAMES = 1_000;
const LONGEST_NAME = 200;

/** Compiles the rules of all destinations. Every unreadable filter is reported at once. */
export function compileRouter(
  destinations: readonly RoutedDestination[],
): { ok: true; route: RouteEvent } | { ok: false; problems: RoutingProblem[] } {
  const problems: RoutingProblem[] = [];
  const all = destinations.map(
    ({ name, rules }, destination): Asked => ({
      destination: name,
      nothing: { destination: name, rules: [] },
      rules: rules.map((given, rule): CompiledRule => {
        const split = given.when === undefined ? TAKES_ALL : splitFilter(given.when);
        if (!split.ok) problems.push({ destination, rule, ...split.problem });
        return {
          name: given.name,
          sources: given.sources ? new Set(given.sources) : null,
          filter: split.ok ? split.filter : {},
        };
      }),
    }),
  );
  if (problems.length > 0) return { ok: false, problems };
  const askedOf = rememberByName(all);
  return {
    ok: true,
    route: (event, source) => askedOf(event).map((asked) => routeTo(asked, event, source)),
  };
}

const TAKES_ALL = { ok: true, filter: {} } as const;

function routeTo({ destination, nothing, rules }: Asked, event: SegmentEvent, source: string): Route {
  let taking: string[] | undefined;
  for (const { name, sources, filter } of rules) {
    if (sources !== null && !sources.has(source)) continue;
    if (filter.byRest && !filter.byRest(event)) continue;
    taking ??= [];
    taking.push(name);
  }
  return taking === undefined ? nothing : { destination, rules: taking };
}

/**
 * Finds the rules that may take an event by its call type and name. The conditions about these are asked once for each
 * name: of an account's many rules nearly all are about events of another one.
 */
function rememberByName(all: readonly Asked[]): (event: SegmentEvent) => readonly Asked[] {
  const byType = new Map<string, Map<string | undefined, readonly Asked[]>>();
  let names = 0;

  function find(event: SegmentEvent): readonly Asked[] {
    return all.map((asked) => ({
      ...asked,
      rules: asked.rules.filter(({ filter }) => filter.byName?.(event) ?? true),
    }));
  }

  return (event) => {
    const { type, event: name } = event;
    const known = byType.get(type)?.get(name);
    if (known) return known;
    const found = find(event);
    if (name !== undefined && (typeof name !== 'string' || name.length > LONGEST_NAME)) return found;
    if (names >= REMEMBERED_NAMES) byType.clear();
    names = names >= REMEMBERED_NAMES ? 1 : names + 1;
    const ofType = byType.get(type) ?? new Map<string | undefined, readonly Asked[]>();
    byType.set(type, ofType.set(name, found));
    return found;
  };
}

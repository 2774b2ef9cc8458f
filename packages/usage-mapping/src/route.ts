import { compileFql } from '@meterbridge/fql';
import type { SegmentEvent } from '@meterbridge/segment-events';

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

type CompiledRule = {
  name: string;
  sources: ReadonlySet<string> | null;
  matches: (event: SegmentEvent) => boolean;
};

/** Compiles the rules of all destinations. Every unreadable filter is reported at once. */
export function compileRouter(
  destinations: readonly RoutedDestination[],
): { ok: true; route: RouteEvent } | { ok: false; problems: RoutingProblem[] } {
  const problems: RoutingProblem[] = [];
  const compiled = destinations.map(({ name, rules }, destination) => ({
    name,
    nothing: { destination: name, rules: [] } as Route,
    rules: rules.map((given, rule): CompiledRule => {
      const filter = given.when === undefined ? TAKES_ALL : compileFql(given.when);
      if (!filter.ok) problems.push({ destination, rule, ...filter.problem });
      return {
        name: given.name,
        sources: given.sources ? new Set(given.sources) : null,
        matches: filter.ok ? filter.matches : () => false,
      };
    }),
  }));
  if (problems.length > 0) return { ok: false, problems };

  return {
    ok: true,
    route: (event, source) =>
      compiled.map(({ name, nothing, rules }) => {
        const taking: string[] = [];
        for (const rule of rules) {
          if ((rule.sources === null || rule.sources.has(source)) && rule.matches(event))
            taking.push(rule.name);
        }
        return taking.length === 0 ? nothing : { destination: name, rules: taking };
      }),
  };
}

const TAKES_ALL = { ok: true, matches: () => true } as const;

import type { RoutedEvent, RuleReport, SourceReport } from '@meterbridge/queue';
import { ANY_PATH, eventPaths, type SegmentEvent } from '@meterbridge/segment-events';

/** What rules took and which names none took, since the last report. */
export type ActivityReport = {
  /** By destination. */
  rules: Map<string, RuleReport[]>;
  sources: SourceReport[];
};

/** Counts the events of one request, once they are committed. @param now epoch milliseconds */
export type CountEvents = (now: number) => void;

/** Names of a source that are told apart in memory. Events of further ones are counted under none. */
const MAX_NAMES = 1_000;
/** UTF-16 units of a name that are kept. */
const MAX_NAME_LENGTH = 200;
/** Events of a name that are looked into for paths in an hour: the first of them, and then one in so many. */
const FIRST_SAMPLES = 20;
const SAMPLE_ONE_IN = 100;
/** Events of a source that are looked into between two reports: a sender may make up a name for each. */
const MAX_SAMPLES = 200;
/** Paths of a source that are collected between two reports. */
const MAX_PATHS = 1_000;
const HOUR_MS = 3_600_000;

/** Events, and when the first and the last of them were committed. */
class Counter {
  events = 0;
  firstAt = 0;
  lastAt = 0;

  add(events: number, now: number): void {
    if (this.events === 0) this.firstAt = now;
    this.events += events;
    this.lastAt = Math.max(now, this.lastAt);
  }

  clear(): void {
    this.events = 0;
  }
}

/** Events of one name from one source. */
type NameActivity = {
  untaken: Counter;
  /** A rule took one of them. */
  isTaken: boolean;
  isTakenSinceReport: boolean;
  /** Events of the hour that `sampledHour` says, in hours since 1970. */
  ofHour: number;
  sampledHour: number;
};

/** What is seen of one source. */
class SourceActivity {
  /** Track calls by the name of their event; all others by their type. */
  private readonly tracks = new Map<string, NameActivity>();
  private readonly others = new Map<string, NameActivity>();
  private paths = new Set<string>();
  private sampled = 0;

  /** The name of an event; undefined where there are too many. */
  nameOf({ type, event }: SegmentEvent): NameActivity | undefined {
    const names = type === 'track' ? this.tracks : this.others;
    const name = type === 'track' ? shorten(event ?? '') : type;
    const known = names.get(name);
    if (known || names.size >= MAX_NAMES) return known;
    const added = {
      untaken: new Counter(),
      isTaken: false,
      isTakenSinceReport: false,
      ofHour: 0,
      sampledHour: 0,
    };
    names.set(name, added);
    return added;
  }

  sample(event: SegmentEvent, name: NameActivity, hour: number): void {
    if (name.sampledHour !== hour) {
      name.sampledHour = hour;
      name.ofHour = 0;
    }
    name.ofHour += 1;
    if (name.ofHour > FIRST_SAMPLES && name.ofHour % SAMPLE_ONE_IN !== 0) return;
    if (this.sampled >= MAX_SAMPLES) return;
    this.sampled += 1;
    for (const path of eventPaths(event)) {
      if (this.paths.size < MAX_PATHS) this.paths.add(path);
      else if (!this.paths.has(path)) this.paths.add(ANY_PATH);
    }
  }

  /** What came since the last report; undefined where nothing is new. */
  report(source: string): SourceReport | undefined {
    const named = [
      ...[...this.tracks].map(([name, activity]) => ({ name: `track ${name}`, activity })),
      ...[...this.others].map(([name, activity]) => ({ name, activity })),
    ];
    const untaken = named.filter(({ activity }) => !activity.isTaken && activity.untaken.events > 0);
    const taken = named.filter(({ activity }) => activity.isTakenSinceReport);
    const report = {
      source,
      untaken: untaken.map(({ name, activity: { untaken } }) => ({
        name,
        events: untaken.events,
        lastAt: untaken.lastAt,
      })),
      taken: taken.map(({ name }) => name),
      paths: [...this.paths],
      sampled: this.sampled,
    };
    for (const { activity } of named) {
      activity.untaken.clear();
      activity.isTakenSinceReport = false;
    }
    this.paths = new Set();
    this.sampled = 0;
    if (this.tracks.size >= MAX_NAMES) this.makeRoom();
    return report.untaken.length + report.taken.length + report.sampled > 0 ? report : undefined;
  }

  /** Names that are taken go last: forgotten, they would be among those that none takes once an event is not. */
  private makeRoom(): void {
    for (const [name, { isTaken }] of this.tracks) if (!isTaken) this.tracks.delete(name);
    if (this.tracks.size >= MAX_NAMES) this.tracks.clear();
  }
}

/**
 * Counts in memory what rules take and which names no rule takes, and collects the paths that events have: hints for
 * people, whatever comes, in bounded memory. What is not reported when the process dies is not counted.
 */
export class RoutingActivity {
  private readonly rules = new Map<string, Map<string, Counter>>();
  private readonly sources = new Map<string, SourceActivity>();

  /**
   * Sees the events of one request.
   * @param now epoch milliseconds
   * @returns to be called once they are committed; it holds none of them
   */
  see(routed: readonly RoutedEvent[], now: number): CountEvents {
    const counts = new Map<Counter, number>();
    const hour = Math.floor(now / HOUR_MS);
    for (const { source, event, routes } of routed) {
      let isTaken = false;
      for (const { destination, rules } of routes) {
        for (const rule of rules) {
          raise(counts, this.ruleOf(destination, rule));
          isTaken = true;
        }
      }
      const activity = this.sourceOf(source);
      const name = activity.nameOf(event);
      if (!name) continue;
      if (isTaken) name.isTaken = name.isTakenSinceReport = true;
      else if (!name.isTaken) raise(counts, name.untaken);
      activity.sample(event, name, hour);
    }
    return (committedAt) => {
      for (const [counter, events] of counts) counter.add(events, committedAt);
    };
  }

  /** What came since the last report; undefined where nothing did. */
  report(): ActivityReport | undefined {
    const rules = new Map<string, RuleReport[]>();
    for (const [destination, counters] of this.rules) {
      const reports = reportRules(counters);
      if (reports.length > 0) rules.set(destination, reports);
    }
    const sources = [...this.sources].flatMap(([source, activity]) => activity.report(source) ?? []);
    return rules.size + sources.length > 0 ? { rules, sources } : undefined;
  }

  private ruleOf(destination: string, rule: string): Counter {
    return getOrAdd(
      getOrAdd(this.rules, destination, () => new Map<string, Counter>()),
      rule,
      () => new Counter(),
    );
  }

  private sourceOf(source: string): SourceActivity {
    return getOrAdd(this.sources, source, () => new SourceActivity());
  }
}

function reportRules(counters: ReadonlyMap<string, Counter>): RuleReport[] {
  const reports: RuleReport[] = [];
  for (const [rule, counter] of counters) {
    const { events: taken, firstAt, lastAt } = counter;
    if (taken > 0) reports.push({ rule, taken, firstAt, lastAt });
    counter.clear();
  }
  return reports;
}

/** A part of a string keeps the whole of it in memory: the part is copied. */
function shorten(name: string): string {
  return name.length > MAX_NAME_LENGTH ? Buffer.from(name.slice(0, MAX_NAME_LENGTH)).toString() : name;
}

function raise(counts: Map<Counter, number>, counter: Counter): void {
  counts.set(counter, (counts.get(counter) ?? 0) + 1);
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

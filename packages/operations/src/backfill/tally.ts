import type { Group } from './group.js';

/** A line that was refused, by its place; never what it holds. */
export type BadLine = { file: string; line: number; reason: string; detail: string };

/** One destination's part: deliveries by rule, and what its rules do not take. */
export type DestinationTally = {
  destination: string;
  filtered: number;
  deliveries: number;
  rules: Record<string, number>;
  /** Of a dry run: what would be a dead letter at once, by `<rule>: <code>: <detail>`. */
  failures: Record<string, number>;
};

/** More are counted, not named. */
const NAMED_LINES = 100;
/** Details name no values, but they may name paths: an archive can hold many. */
const NAMED_FAILURES = 50;

/** What became of the events of a backfill. */
export class Tally {
  lines = 0;
  /** Events that were taken. */
  events = 0;
  outOfTime = 0;
  notSelected = 0;
  ignored = 0;
  personRefused = 0;
  readonly rejected: Record<string, number> = {};
  /** The first of them. */
  readonly badLines: BadLine[] = [];
  private readonly byDestination = new Map<string, DestinationTally>();

  /** @param names of all destinations: one that takes nothing is told, too */
  constructor(names: readonly string[]) {
    for (const destination of names) {
      this.byDestination.set(destination, {
        destination,
        filtered: 0,
        deliveries: 0,
        // Without a prototype: a rule may be called `constructor`.
        rules: Object.create(null) as Record<string, number>,
        failures: {},
      });
    }
  }

  get destinations(): DestinationTally[] {
    return [...this.byDestination.values()];
  }

  /** Everything of a group but what becomes of its events in each destination. */
  add({
    lines,
    events,
    rejected,
    passedBy,
  }: Pick<Group, 'lines' | 'events' | 'rejected' | 'passedBy'>): void {
    this.lines += lines;
    this.events += events.length;
    for (const is of passedBy) {
      if (is === 'out of time') this.outOfTime += 1;
      else if (is === 'not selected') this.notSelected += 1;
      else if (is === 'person refused') this.personRefused += 1;
      else this.ignored += 1;
    }
    for (const { rejected: letter, file, line } of rejected) {
      const { reason, detail } = letter;
      raise(this.rejected, reason);
      if (this.badLines.length < NAMED_LINES) this.badLines.push({ file, line, reason, detail });
    }
  }

  deliver(destination: string, rule: string): void {
    const tally = this.byDestination.get(destination)!;
    tally.deliveries += 1;
    raise(tally.rules, rule);
  }

  /** No rule of the destination takes an event. */
  filter(destination: string): void {
    this.byDestination.get(destination)!.filtered += 1;
  }

  fail(destination: string, rule: string, code: string, detail: string): void {
    const { failures } = this.byDestination.get(destination)!;
    const what = `${rule}: ${code}: ${detail}`;
    raise(failures, what in failures || Object.keys(failures).length < NAMED_FAILURES ? what : 'others');
  }
}

function raise(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

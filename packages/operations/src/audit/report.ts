import type { AuditLine, Balance } from '@meterbridge/queue';

export type Grouping = 'hour' | 'source' | 'destination';

/** A line of the report: of a group, only what they have in common is named. */
export type ReportLine = Balance & Partial<Pick<AuditLine, 'hour' | 'source' | 'destination'>>;

export type AuditReport = {
  /** Oldest hour first. */
  lines: ReportLine[];
  total: Balance;
  /** What does not add up, hour by hour and source by source, however the lines are grouped. */
  unbalanced: AuditLine[];
};

export type AuditFilter = {
  source?: string;
  /** The first hour that counts, in hours since 1970. */
  sinceHour?: number;
  by?: Grouping;
};

/**
 * What is asked for of all lines there are. Pure. What no hour has is left out where an hour or a source is
 * asked for.
 */
export function reportAudit(all: readonly AuditLine[], { source, sinceHour, by }: AuditFilter): AuditReport {
  const chosen = all
    .filter((line) => source === undefined || line.source === source)
    .filter(({ hour }) => sinceHour === undefined || (hour !== null && hour >= sinceHour))
    .toSorted(byHourThenName);
  return {
    lines: by ? group(chosen, by) : chosen,
    total: add(chosen),
    unbalanced: chosen.filter(({ difference }) => difference !== 0),
  };
}

function group(lines: AuditLine[], by: Grouping): ReportLine[] {
  const groups = new Map<AuditLine[Grouping], ReportLine>();
  for (const line of lines) {
    const key = line[by];
    groups.set(key, { [by]: key, ...add([groups.get(key) ?? NOTHING, line]) });
  }
  const grouped = [...groups.values()];
  return by === 'hour' ? grouped : grouped.toSorted((one, other) => compare(one[by], other[by]));
}

const NOTHING: Balance = {
  accepted: 0,
  delivered: 0,
  duplicate: 0,
  late: 0,
  olderRule: 0,
  notCompared: 0,
  filtered: 0,
  dead: 0,
  discarded: 0,
  notKept: 0,
  inFlight: 0,
  difference: 0,
};

function add(balances: Balance[]): Balance {
  const sum = { ...NOTHING };
  for (const balance of balances) {
    for (const count of Object.keys(sum) as (keyof Balance)[]) sum[count] += balance[count];
  }
  return sum;
}

function byHourThenName(one: AuditLine, other: AuditLine): number {
  return (
    (one.hour ?? 0) - (other.hour ?? 0) ||
    compare(one.destination, other.destination) ||
    compare(one.source, other.source)
  );
}

/** What has no name comes first. */
function compare(one: string | null | undefined, other: string | null | undefined): number {
  return (one ?? '').localeCompare(other ?? '', 'en');
}

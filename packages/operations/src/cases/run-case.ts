import { receiveEvent } from '@meterbridge/segment-events';
import { findSource } from '../pipeline/find-source.js';
import { arrivalOf, deliver, type Pipeline } from '../pipeline/pipeline.js';
import type { Case, Expectation } from './cases-schema.js';

/** What a case came to. */
export type CaseResult = {
  ok: boolean;
  expected: Expectation;
  actual: Expectation;
  /** Why what failed did, in words. */
  details: string[];
};

/** Runs a case's event through receiver and worker's own code, without Redis and APIs. Pure. */
export function runCase(given: Case, pipeline: Pipeline): CaseResult {
  const { actual, details } = outcomeOf(given, pipeline);
  const expected = withTimesAsWritten(withoutFiltered(given.expect), actual);
  return { ok: show(expected) === show(actual), expected, actual, details };
}

/** Two expectations are the same where they are shown the same: the order of keys means nothing. */
export function show(expectation: Expectation): string {
  if (typeof expectation === 'string') return expectation;
  if (Object.keys(expectation).length === 0) return 'filtered';
  return JSON.stringify(sortKeys(expectation), null, 2);
}

function outcomeOf(
  { event, receivedAtMs, source: name }: Case,
  pipeline: Pipeline,
): { actual: Expectation; details: string[] } {
  const source = findSource(pipeline.config, name);
  const received = receiveEvent(arrivalOf(event, receivedAtMs), source, pipeline.config.receiver);
  if (received.status === 'ignored') return { actual: 'ignored', details: [] };
  if (received.status === 'rejected') {
    const { reason, detail } = received.rejected;
    return { actual: reason, details: [detail] };
  }
  const details: string[] = [];
  const actual = deliver(received.event, source.name, pipeline).flatMap(({ destination, deliveries }) => {
    const byRule = deliveries.map(({ rule, result }) => {
      if (result.ok) return [rule, JSON.parse(result.usage.body)] as const;
      details.push(`${destination} ${rule}: ${result.detail}`);
      return [rule, result.code] as const;
    });
    return byRule.length === 0 ? [] : [[destination, Object.fromEntries(byRule)] as const];
  });
  return { actual: Object.fromEntries(actual), details };
}

/** A destination that is not named is expected to filter the event, too. */
function withoutFiltered(expected: Expectation): Expectation {
  if (typeof expected === 'string') return expected;
  return Object.fromEntries(Object.entries(expected).filter(([, rules]) => rules !== 'filtered'));
}

/** A time in seconds is the same with and without zeros behind its point, as text and as a number: to Lago as well. */
function withTimesAsWritten(expected: Expectation, actual: Expectation): Expectation {
  if (typeof expected === 'string' || typeof actual === 'string') return expected;
  const same = (one: unknown, other: unknown) =>
    isSeconds(one) && isSeconds(other) && Number(one) === Number(other);
  const rule = (wanted: unknown, came: unknown) => {
    const [a, b] = [wanted, came] as ({ timestamp?: unknown } | undefined)[];
    return same(a?.timestamp, b?.timestamp) ? { ...a, timestamp: b!.timestamp } : wanted;
  };
  const destinations = Object.entries(expected).map(([name, rules]) => {
    const came = actual[name];
    if (typeof rules === 'string' || came === undefined || typeof came === 'string') return [name, rules];
    const each = Object.entries(rules).map(([key, wanted]) => [key, rule(wanted, came[key])]);
    return [name, Object.fromEntries(each)];
  });
  return Object.fromEntries(destinations);
}

function isSeconds(value: unknown): boolean {
  return /^\d{1,12}(?:\.\d{1,3})?$/.test(String(value));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([key, field]) => [key, sortKeys(field)]));
}

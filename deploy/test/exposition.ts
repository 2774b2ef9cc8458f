import type { Query } from './queries.js';
import { readQuery, type Selector } from './read-query.js';

/** What processes say at /metrics: the type of each metric, and of each series its labels and their values. */
export type Exposition = { types: Map<string, string>; series: Map<string, Map<string, Set<string>>> };

/** Reads Prometheus' text format; several texts are several processes. */
export function readExposition(...texts: string[]): Exposition {
  const types = new Map<string, string>();
  const series: Exposition['series'] = new Map();
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) types.set(type[1]!, type[2]!);
    const sample = /^(\w+)(?:{(.*)})? \S+$/.exec(line);
    if (!sample) continue;
    const labels = series.get(sample[1]!) ?? new Map<string, Set<string>>();
    series.set(sample[1]!, labels);
    for (const [, label, value] of (sample[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels.set(label!, (labels.get(label!) ?? new Set()).add(value!));
    }
  }
  return { types, series };
}

/** What of a query nobody could answer: a line for each metric, label or value that no process has. */
export function findUnknown({ where, query, shown }: Query, exposition: Exposition): string[] {
  const selectors = readQuery(query);
  const unknown = selectors.flatMap((selector) => unknownOf(selector, exposition));
  for (const label of shown) {
    const isThere = selectors.some(({ metric, wanted }) => {
      const has = exposition.series.get(metric)?.has(label);
      return has && (wanted.length === 0 || wanted.includes(label));
    });
    if (!isThere) unknown.push(`the label ${label}, which is shown, is none of its result`);
  }
  return unknown.map((what) => `${where}: ${what}`);
}

function unknownOf(selector: Selector, { types, series }: Exposition): string[] {
  const { metric, matchers, wanted, isRange } = selector;
  const labels = series.get(metric);
  if (!labels) return [`no process has the metric ${metric}`];
  const unknown = [...matchers.map(({ label }) => label), ...wanted]
    .filter((label) => !labels.has(label))
    .map((label) => `${metric} has no label ${label}`);
  for (const { label, operator, value } of matchers) {
    const isMeant = operator.endsWith('~')
      ? new RegExp(`^(?:${value})$`)
      : { test: (one: string) => one === value };
    if (labels.has(label) && ![...labels.get(label)!].some((one) => isMeant.test(one))) {
      unknown.push(`${metric} has no ${label}${operator}"${value}"`);
    }
  }
  // A counter's own value says when its process was started; a gauge has no rate.
  const isCounter = types.get(metric) !== 'gauge';
  if (isCounter && !isRange) unknown.push(`${metric} is a counter: only its rate means something`);
  return unknown;
}

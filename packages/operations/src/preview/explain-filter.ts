import type { DestinationSettings } from '@meterbridge/destinations';
import { explainFql, type FqlPart } from '@meterbridge/fql';
import { isConcealed } from './rule-fields.js';

/** A filter part by part, as `FqlPart`, without the values that some rule hides. */
export type ExplainedFilter = {
  source: string;
  matches: boolean;
  kind: FqlPart['kind'];
  parts?: ExplainedFilter[];
  reads?: { path: string; value?: unknown; concealed?: true }[];
};

/** @param when a filter that the configuration's schema has accepted */
export function explainFilter(
  when: string,
  event: unknown,
  destinations: readonly DestinationSettings[],
): ExplainedFilter {
  const explained = explainFql(when, event);
  if (!explained.ok) throw new Error('a filter that the schema accepted cannot be read');
  return withoutConcealed(explained.root, destinations);
}

function withoutConcealed(part: FqlPart, destinations: readonly DestinationSettings[]): ExplainedFilter {
  const { source, matches, kind } = part;
  if (part.kind !== 'condition') {
    return { source, matches, kind, parts: part.parts.map((each) => withoutConcealed(each, destinations)) };
  }
  const reads = part.reads.map(({ path, value }) =>
    isConcealed(path, destinations) ? { path, concealed: true as const } : { path, value },
  );
  return { source, matches, kind, reads };
}

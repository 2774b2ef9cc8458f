import type { Pipeline } from '../pipeline/pipeline.js';
import { concealedBy, type Rule } from '../preview/rule-fields.js';
import type { Comparison } from './compare-judged.js';
import { differencesOf } from './differences.js';

/** One delivery to look at: enough to see what the change does to it. */
export type Sample = {
  /** A dead letter's id, or the messageId and where it stands. */
  id: string;
  destination: string;
  rule: string;
  /** Why it failed before, and why it does now. */
  failed?: string;
  fails?: string;
  /** What would be sent, where nothing was before. */
  usage?: unknown;
  /** Where what is sent differs, but for the values that a rule hides. */
  differences?: { field: string; before?: unknown; after?: unknown; hidden?: true }[];
};

/** Makes samples; knows which fields of usage events either configuration hides. */
export function compileSampler(
  pipelines: readonly Pipeline[],
): (id: string, comparison: Comparison) => Sample {
  const hidden = new Set(
    pipelines.flatMap(({ config }) =>
      config.destinations.flatMap(({ name, type, rules }) =>
        (rules as readonly Rule[]).flatMap((rule) =>
          concealedBy(type, rule).map(({ target }) => JSON.stringify([name, ...target])),
        ),
      ),
    ),
  );
  return (id, { destination, before, after }) => {
    const sample: Sample = { id, destination, rule: (after ?? before)?.rule ?? '' };
    if (before && !before.result.ok) sample.failed = before.result.detail;
    if (!after) return sample;
    if (!after.result.ok) return { ...sample, fails: after.result.detail };
    const { body } = after.result.usage;
    if (!before?.result.ok) return { ...sample, usage: JSON.parse(body) };
    const differences = differencesOf(before.result.usage.body, body);
    if (differences.length === 0) return sample;
    return {
      ...sample,
      differences: differences.map(({ path, before, after }) =>
        hidden.has(JSON.stringify([destination, ...path]))
          ? { field: path.join('.'), hidden: true }
          : { field: path.join('.'), before, after },
      ),
    };
  };
}

import type { Config } from '@meterbridge/config';
import { findAlwaysTrue } from '@meterbridge/fql';
import { describeFilterProblem } from '@meterbridge/usage-mapping';
import type { Finding } from './finding.js';

/** Pure. Filters that exclude nothing: a rule that is to take every event says so by having none. */
export function judgeFilters({ destinations }: Pick<Config, 'destinations'>): Finding[] {
  return destinations.flatMap(({ name: destination, rules }) =>
    rules.flatMap(({ name, when }) =>
      (when === undefined ? [] : findAlwaysTrue(when)).map(
        (problem): Finding => ({
          level: 'warn',
          what: `${destination}, rule ${name}`,
          detail: `its filter at ${describeFilterProblem(problem)}`,
        }),
      ),
    ),
  );
}

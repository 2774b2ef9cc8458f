import { compileFilter, describeFilterProblem } from '@meterbridge/usage-mapping';

const MISTYPED = 'type = "track" and evnt = "API Call"';

/** Shows, by the code that loads the configuration, how a filter that would quietly take nothing is refused. */
export function describeMistypedFilter(): string {
  const filter = compileFilter(MISTYPED);
  const problems = filter.ok ? [] : filter.problems.map(describeFilterProblem);
  return `A mistyped filter is refused before it bills nothing:\n  when: ${MISTYPED}\n  ${problems.join('\n  ')}`;
}

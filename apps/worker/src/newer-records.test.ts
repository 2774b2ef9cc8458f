import { expect, test } from '@jest/globals';
import { type Newer, watchNewerRecords } from './newer-records.js';

test('each record of a newer version counts, and each format is kept and told of once a minute', () => {
  let at = 1_000_000;
  const [met, kept, told]: [Newer[], Newer[], Newer[]] = [[], [], []];
  const see = watchNewerRecords({
    now: () => at,
    keep: async (newer) => void kept.push(newer),
    onMet: (newer) => met.push(newer),
    onNews: (newer) => told.push(newer),
    onProblem: () => {},
  });
  const [job, rules] = [{ kind: 'job', format: 2 } as const, { kind: 'rules', format: 2 } as const];
  for (const newer of [job, job, rules, job]) see(newer);
  expect(told).toEqual([job, rules]);
  at += 60_000;
  see(job);
  expect(told).toEqual([job, rules, job]);
  expect(kept).toEqual(told);
  expect(met).toHaveLength(5);
});

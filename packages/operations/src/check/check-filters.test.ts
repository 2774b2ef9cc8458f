import { expect, test } from '@jest/globals';
import { destinationSettingsSchema } from '@meterbridge/destinations';
import { judgeFilters } from './check-filters.js';

test('warns of a filter that excludes nothing, and of no other', () => {
  const rules = ['true', 'type = "track" or type != "track"', 'type = "track"', undefined].map(
    (when, index) => ({
      name: `rule-${index}`,
      subscription: 'userId',
      transactionIdSuffix: `:${index}`,
      when,
    }),
  );
  const lago = destinationSettingsSchema.parse({ type: 'lago', name: 'billing', apiKey: 'k', rules });
  expect(judgeFilters({ destinations: [lago] })).toEqual([
    {
      level: 'warn',
      what: 'billing, rule rule-0',
      detail: 'its filter at line 1, column 1: found true, which excludes no event',
    },
    expect.objectContaining({ level: 'warn', what: 'billing, rule rule-1' }),
  ]);
});

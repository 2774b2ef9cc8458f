import { expect, test } from '@jest/globals';
import { judgeRule } from './judge-rule.js';
import type { MetricFacts } from './plan-facts.js';
import { type LagoRule, lagoRuleSchema } from './settings.js';

const METRICS: MetricFacts[] = [
  { code: 'calls', aggregation: 'count_agg', field: null, expression: null, filters: [] },
  { code: 'tokens', aggregation: 'sum_agg', field: 'tokens', expression: null, filters: [] },
  { code: 'seats', aggregation: 'unique_count_agg', field: 'seat', expression: null, filters: [] },
  { code: 'own', aggregation: 'custom_agg', field: 'n', expression: null, filters: [] },
  { code: 'hours', aggregation: 'sum_agg', field: 'hours', expression: 'event.properties.end', filters: [] },
];

function aRule(given: object): LagoRule {
  return lagoRuleSchema.parse({ name: 'rule', subscription: 'userId', ...given });
}

const typed = { path: 'properties.n', as: 'number' };

test.each<[object, 'ok' | 'warn' | 'fail', string]>([
  [{ code: 'calls' }, 'ok', 'count_agg'],
  [{ code: 'Calls' }, 'fail', 'no billable metric with the code "Calls"'],
  [{}, 'warn', 'comes from event'],
  [{ code: { path: ['properties.code', 'event'] } }, 'warn', 'properties.code | event'],
  [{ code: 'hours' }, 'ok', 'by the expression event.properties.end'],
  [{ code: 'own' }, 'ok', 'custom_agg of n'],

  [{ code: 'tokens' }, 'fail', 'sends no tokens'],
  [{ code: 'tokens', properties: { token: typed } }, 'fail', 'sends no tokens'],
  [{ code: 'tokens', properties: { tokens: typed } }, 'ok', 'sum_agg of tokens: from properties.n'],
  [{ code: 'tokens', properties: { tokens: 'properties.n' } }, 'warn', 'as: number'],
  [{ code: 'tokens', properties: { tokens: ['properties.n', 'properties.m'] } }, 'warn', 'as: number'],
  [{ code: 'tokens', properties: { tokens: { path: 'properties.n', as: 'string' } } }, 'warn', 'as: number'],
  [{ code: 'tokens', properties: { tokens: { path: 'properties.n', as: 'boolean' } } }, 'fail', 'boolean'],
  [{ code: 'tokens', properties: { tokens: { path: 'timestamp', as: 'timestamp' } } }, 'fail', 'timestamp'],
  [{ code: 'tokens', properties: { tokens: { path: 'userId', mask: true } } }, 'fail', 'masked'],
  [{ code: 'tokens', properties: { tokens: { path: 'userId', hash: 'sha256' } } }, 'fail', 'hashed'],
  [{ code: 'tokens', properties: { tokens: { ...typed, default: 0 } } }, 'ok', 'properties.n'],
  [{ code: 'tokens', properties: { tokens: { ...typed, default: null } } }, 'warn', 'left out'],
  [{ code: 'tokens', properties: { tokens: { value: 1 } } }, 'ok', 'same for every event'],
  [{ code: 'tokens', properties: { tokens: { value: '1.5' } } }, 'ok', 'same for every event'],
  [{ code: 'tokens', properties: { tokens: { value: '1,000' } } }, 'fail', 'not a number'],
  [{ code: 'tokens', properties: { tokens: { value: true } } }, 'fail', 'not a number'],
  [{ code: 'tokens', properties: { '*': 'properties' } }, 'warn', 'only where properties happens to have it'],
  [{ code: 'tokens', properties: { '*': 'properties', tokens: typed } }, 'ok', 'properties.n'],

  [{ code: 'seats', properties: { seat: 'userId' } }, 'ok', 'unique_count_agg of seat'],
  [{ code: 'seats', properties: { seat: { path: 'userId', hash: 'sha256' } } }, 'ok', 'userId'],
  [{ code: 'seats', properties: { seat: { path: 'userId', default: null } } }, 'warn', 'left out'],
  [{ code: 'seats' }, 'fail', 'sends no seat'],
])('%j: %s, %s', (given, level, words) => {
  const found = judgeRule(aRule(given), METRICS);
  expect(found).toEqual({ level, detail: expect.stringContaining(words) });
});

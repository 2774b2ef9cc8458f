import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics } from '../src/create-metrics.js';

const ROOT = join(import.meta.dirname, '../../..');
const FILE = join(ROOT, 'deploy/prometheus/meterbridge.rules.yaml');

type Rule = Record<string, unknown> & { alert: string; expr: string; annotations: Record<string, string> };

const { groups } = parse(readFileSync(FILE, 'utf8')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

test('every metric that an alert asks for is one of ours', async () => {
  const { text } = await createMetrics().render();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  for (const { expr } of rules) {
    const named = expr.match(/\bmeterbridge_\w+/g) ?? [];
    expect(named).not.toEqual([]);
    for (const name of named) {
      const histogram = name.replace(/_(bucket|sum|count)$/, '');
      expect(types.has(name) || types.get(histogram) === 'histogram' ? '' : name).toBe('');
    }
  }
});

test.each(rules.map((rule) => [rule.alert, rule] as const))('%s is a whole rule', (_name, rule) => {
  const { alert, expr, annotations, labels, for: pending, ...others } = rule;
  expect(others).toEqual({});
  expect(alert).toMatch(/^Meterbridge[A-Z][A-Za-z]+$/);
  expect(rules.filter((other) => other.alert === alert)).toHaveLength(1);
  expect(expr.split('(').length).toBe(expr.split(')').length);
  expect(pending ?? '1m').toMatch(/^\d+[smhd]$/);
  expect(labels).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/) });
  expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook']);
});

test('every alert points at a section of the runbook that is there', () => {
  const headings = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8').match(/^## .+$/gm)!;
  const anchors = headings.map(
    (heading) =>
      `docs/runbook.md#${heading
        .slice(3)
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-')}`,
  );
  for (const { annotations } of rules) expect(anchors).toContain(annotations.runbook);
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

// Debian: apt-get install prometheus. Without it the tests above are what there is.
(hasPromtool ? test : test.skip)(
  'promtool reads the rules, and they fire when they should',
  () => {
    const run = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe' });
    expect(run('check', 'rules', FILE)).toContain(`${rules.length} rules found`);
    expect(run('test', 'rules', join(import.meta.dirname, 'meterbridge.rules.test.yaml'))).toContain(
      'SUCCESS',
    );
  },
  120_000,
);

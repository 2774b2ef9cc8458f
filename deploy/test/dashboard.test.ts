import { expect, test } from '@jest/globals';
import { checkTypes } from './check-types.js';
import { readDashboard } from './files.js';
import { withChange } from './with-change.js';

const dashboard = readDashboard();

const check = (value: unknown) =>
  checkTypes([
    { name: 'dashboard', value, type: { from: './dashboard-type.js', name: 'MeterbridgeDashboard' } },
  ]);

test('the dashboard is what Grafana expects', async () => {
  expect(await check(dashboard)).toEqual([]);
});

const panel = dashboard.panels.findIndex(({ type }) => type === 'timeseries');
test.each([
  ['a field that does not exist', ['titel'], 'Meterbridge'],
  ['a wrong type', ['schemaVersion'], '39'],
  ['an option that its panel does not have', ['panels', panel, 'options', 'legned'], {}],
  ['a word that Grafana does not know', ['panels', panel, 'options', 'legend', 'placement'], 'below'],
  [
    'a field of its own that its panel does not have',
    ['panels', panel, 'fieldConfig', 'defaults', 'custom', 'x'],
    1,
  ],
  ['no unit', ['panels', panel, 'fieldConfig', 'defaults', 'unit'], undefined],
  ['a panel of another kind', ['panels', panel, 'type'], 'graph'],
] as const)('%s is found', async (_what, path, value) => {
  expect(await check(withChange(dashboard, path, value))).not.toEqual([]);
});

test('panels have ids of their own, queries of one data source, and places that do not overlap', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const taken = new Map<string, string>();
  for (const each of dashboard.panels) {
    const { x, y, w, h } = each.gridPos!;
    expect(x + w).toBeLessThanOrEqual(24);
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        expect(taken.get(`${column},${line}`)).toBeUndefined();
        taken.set(`${column},${line}`, each.title!);
      }
    }
    if (each.type === 'row') continue;
    expect(each.datasource).toEqual({ type: 'prometheus', uid: `\${datasource}` });
    expect(new Set(each.targets.map(({ refId }) => refId)).size).toBe(each.targets.length);
  }
});

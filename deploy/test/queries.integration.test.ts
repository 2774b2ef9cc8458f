import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { stringify } from 'yaml';
import { makeTracks, postBatch } from '../../apps/cli/test/retrying-client.js';
import { useStack } from '../../apps/cli/test/run-stack.js';
import { sayDifference } from '../../apps/worker/test/say-difference.js';
import { type Exposition, findUnknown, readExposition } from './exposition.js';
import { find, readFolder } from './files.js';
import { readQueries } from './queries.js';

const suite = useRedis();
const stacks = useStack(suite);
const { resources } = readFolder('base');

/** What receiver and worker say after one event of each fate and one answer of each kind. */
async function runThem(): Promise<{ exposition: Exposition; answers: Map<string, number> }> {
  const stack = await stacks.open();
  const [receiver, worker] = [await stack.startReady('receiver'), await stack.startReady('worker')];
  const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text();

  const good = makeTracks(1);
  const unmapped = makeTracks(1, { properties: { model: 'small' } });
  const filtered = makeTracks(1, { type: 'page', name: 'Home' });
  const rejected = makeTracks(1, { type: 'nonsense' });
  const batch = [...good, ...unmapped, ...filtered, ...rejected];
  expect((await postBatch(receiver.url, batch)).status).toBe(200);
  await stack.settled(3);
  expect((await postBatch(receiver.url, good)).status).toBe(200);
  await stack.settled(4);
  const stranger = { method: 'POST', body: '{}', headers: { authorization: 'Basic bm9ib2R5Og==' } };
  expect((await fetch(`${receiver.url}/v1/track`, stranger)).status).toBe(401);

  const used = Number(/^used_memory:(\d+)/m.exec(await stack.redis.info('memory'))![1]);
  await stack.redis.config('SET', 'maxmemory', Math.round(used * 1.1));
  await waitFor(async () => (await postBatch(receiver.url, makeTracks(1))).status === 429, { what: 'a 429' });
  await stack.redis.config('SET', 'maxmemory', 0);
  await waitFor(async () => (await postBatch(receiver.url, makeTracks(1))).status === 200, { what: 'a 200' });

  await stack.redis.hset('meterbridge:{lago}:findings:open', 'invalid_code', 1);
  const ofWorker = await waitFor(
    async () => {
      const text = await metricsOf(worker.url);
      return text.includes('meterbridge_rule_last_taken_timestamp_seconds{') ? text : '';
    },
    { what: 'a report of the receiver' },
  );
  stack.env.RECEIPTS_DIRECTORY = join(stack.env.METERBRIDGE_CONFIG!, '../receipts');
  const archivist = await stack.startReady('archivist');
  const ofArchivist = await metricsOf(archivist.url);
  const ofDifference = await sayDifference(stack.redis);
  const answers = new Map<string, number>();
  for (const [app, { url }] of Object.entries({ receiver, worker, archivist })) {
    for (const path of PROBED) answers.set(`${app} ${path}`, (await fetch(url + path)).status);
  }
  await suite.redis.kill('SIGSTOP');
  try {
    await waitFor(async () => (await postBatch(receiver.url, makeTracks(1))).status === 503, {
      what: 'a 503',
    });
    for (const path of PROBED)
      answers.set(`without Redis ${path}`, (await fetch(receiver.url + path)).status);
  } finally {
    await suite.redis.kill('SIGCONT');
  }
  const exposition = readExposition(ofWorker, ofDifference, ofArchivist, await metricsOf(receiver.url));
  return { exposition, answers };
}

const PROBED = ['/healthz', '/readyz', '/metrics'];

test('what probes, alerts, dashboard and autoscaler ask for, the processes answer', async () => {
  const { exposition, answers } = await runThem();
  for (const app of ['receiver', 'worker', 'archivist']) {
    const kind = app === 'archivist' ? 'StatefulSet' : 'Deployment';
    const { template } = find(resources, kind, `meterbridge-${app}`).spec;
    const [container] = template.spec.containers;
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(answers.get(`${app} ${container[probe].httpGet.path}`)).toBe(200);
    }
    expect(answers.get(`${app} ${template.metadata.annotations['prometheus.io/path']}`)).toBe(200);
    // A Redis that is away must not restart anything.
    expect(answers.get(`without Redis ${container.livenessProbe.httpGet.path}`)).toBe(200);
  }

  const queries = readQueries();
  expect(queries.flatMap((query) => findUnknown(query, exposition))).toEqual([]);

  // And it would be found, if it were otherwise.
  const [query] = queries.filter(({ where }) => where === 'ScaledObject');
  for (const [from, to] of WRONG) {
    const wrong = { ...query!, query: query!.query.replace(from, to) };
    expect(findUnknown(wrong, exposition)).not.toEqual([]);
  }
  expect(() => findUnknown({ ...query!, query: `${query!.query})` }, exposition)).toThrow('no PromQL');
});

const WRONG: [string, string][] = [
  ['meterbridge_deliveries_in_flight', 'meterbridge_deliveries_inflight'],
  ['by (destination)', 'by (queue)'],
  ['on (destination)', 'on (source)'],
  ['state="closed"', 'state="shut"'],
  ['meterbridge_deliveries_in_flight', 'meterbridge_deliveries_delivered_total'],
];

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** Runs promtool on a file of this content; says what it printed. */
async function promtool(args: string[], content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'meterbridge-promtool-'));
  try {
    const file = join(folder, 'file.yaml');
    await writeFile(file, stringify(content));
    return execFileSync('promtool', [...args, file], { encoding: 'utf8', stdio: 'pipe' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// Debian: apt-get install prometheus. It knows what functions take and give, which the grammar does not.
(hasPromtool ? test : test.skip)('promtool reads every query', async () => {
  const rules = readQueries().map(({ query }, index) => ({ record: `query:${index}`, expr: query }));
  const said = await promtool(['check', 'rules'], { groups: [{ name: 'queries', rules }] });
  expect(said).toContain(`${rules.length} rules found`);
});

(hasPromtool ? test : test.skip)('the autoscaler counts a delivery once, and none that is held', async () => {
  const { query } = readQueries().find(({ where }) => where === 'ScaledObject')!;
  const inFlight = (labels: string, values: string) => ({
    series: `meterbridge_deliveries_in_flight{${labels}}`,
    values,
  });
  const closed = (labels: string, values: string) => ({
    series: `meterbridge_breaker_state{state="closed",${labels}}`,
    values,
  });
  const input = [
    inFlight('destination="lago",instance="a"', '700'),
    inFlight('destination="lago",instance="b"', '700'),
    inFlight('destination="hyperline",instance="a"', '9000'),
    inFlight('destination="receiver",instance="a"', '0'),
    closed('destination="lago",instance="a"', '1'),
    closed('destination="lago",instance="b"', '1'),
    closed('destination="hyperline",instance="a"', '0'),
  ];
  const expected = (value: number) => [{ labels: '{}', value }];
  const said = await promtool(['test', 'rules'], {
    rule_files: [],
    tests: [
      {
        interval: '1m',
        input_series: input,
        promql_expr_test: [{ expr: query, eval_time: '0m', exp_samples: expected(700) }],
      },
      // Nobody is scraped: no figure, which is not the figure 0.
      {
        interval: '1m',
        input_series: [],
        promql_expr_test: [{ expr: query, eval_time: '0m', exp_samples: [] }],
      },
    ],
  });
  expect(said).toContain('SUCCESS');
});

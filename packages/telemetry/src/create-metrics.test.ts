import { expect, test } from '@jest/globals';
import { createReceiverMetrics, createWorkerMetrics } from './create-metrics.js';

type Family = { name: string; type: string; help: string };

async function familiesOf(metrics: { render(): Promise<{ text: string }> }): Promise<Family[]> {
  const { text } = await metrics.render();
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, type]) => ({
    name: name!,
    help: help!,
    type: type!,
  }));
}

const isOwn = ({ name }: Family) => name.startsWith('meterbridge_');

const OF_EVERY_PROCESS = ['meterbridge_build_info', 'meterbridge_config_info'];

const [receiver, worker] = [createReceiverMetrics(), createWorkerMetrics()];

/** Units that are none of Prometheus' base units, and words that say again what the type says. */
const NO_UNIT =
  /_(ms|millis\w*|minutes|hours|days|kb|mb|kilobytes|megabytes|percent|count|sum|bucket|counter|gauge|histogram)(_|$)/;

test('names follow the conventions of Prometheus', async () => {
  const families = [...(await familiesOf(receiver)), ...(await familiesOf(worker))].filter(isOwn);
  expect(families.length).toBeGreaterThan(25);
  for (const { name, type, help } of families) {
    expect(name).toMatch(/^meterbridge_[a-z]+(_[a-z]+)*$/);
    expect(name).not.toMatch(NO_UNIT);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes|events)$/);
    expect(help).toMatch(/[^.]$/);
  }
});

test('a process has no family that only the other one fills, and both have those of every process', async () => {
  const [ofReceiver, ofWorker] = [await familiesOf(receiver), await familiesOf(worker)];
  const names = new Set(ofWorker.filter(isOwn).map(({ name }) => name));
  expect(ofReceiver.map(({ name }) => name).filter((name) => names.has(name))).toEqual(OF_EVERY_PROCESS);
  for (const families of [ofReceiver, ofWorker]) {
    expect(families.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'process_cpu_seconds_total',
        'process_resident_memory_bytes',
        'process_start_time_seconds',
        'nodejs_eventloop_lag_p99_seconds',
        'nodejs_gc_duration_seconds',
        'nodejs_version_info',
      ]),
    );
    expect(families.filter((family) => !isOwn(family) && !/^(process|nodejs)_/.test(family.name))).toEqual(
      [],
    );
  }
});

test('two sets of meters do not meet', () => {
  expect(createWorkerMetrics).not.toThrow();
});

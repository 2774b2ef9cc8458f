import type { EChartsOption } from 'echarts';
import type { BacklogFigures } from '../benchmarks/backlog.js';
import type { DeadLettersFigures } from '../benchmarks/dead-letters.js';
import type { LatencyFigures } from '../benchmarks/latency.js';
import type { LimitFigures } from '../benchmarks/limit.js';
import type { ProfileFigures } from '../benchmarks/profile.js';
import type { ThroughputFigures } from '../benchmarks/throughput.js';
import type { WorkersFigures } from '../benchmarks/workers.js';
import { ratesOf } from '../watch.js';

/** By the benchmark's name: what is drawn of its figures, by the end of the file's name. */
export const PLOTS: Record<string, (figures: never) => Record<string, EChartsOption>> = {
  throughput: plotThroughput,
  profile: plotProfile,
  latency: plotLatency,
  limit: plotLimit,
  backlog: plotBacklog,
  'dead-letters': plotDeadLetters,
  workers: plotWorkers,
};

const DESIGNS = ['ordinary', 'pipe', 'meterbridge'];
const PROCESSES = ['load', 'receiver', 'pipe', 'redis', 'worker', 'sandbox'];

const head = (text: string, subtext?: string): EChartsOption => ({
  title: { text, subtext, left: 'center', textStyle: { fontSize: 15 } },
  legend: { bottom: 0, itemGap: 24 },
  textStyle: { fontFamily: 'sans-serif' },
  grid: { top: 70, bottom: 60, left: 80, right: 80 },
});

function plotThroughput({ medians, trials }: ThroughputFigures): Record<string, EChartsOption> {
  return {
    rate: {
      ...head('Events a second, end to end', '100 events a request; bars are medians, dots single rounds'),
      legend: { show: false },
      xAxis: { type: 'category', data: DESIGNS },
      yAxis: { type: 'value' },
      series: [
        {
          type: 'bar',
          barWidth: '40%',
          label: { show: true, position: 'insideTop', formatter: ({ value }) => whole(Number(value)) },
          data: DESIGNS.map((name) => Math.round(medians[name]!.eventsPerSecond)),
        },
        {
          type: 'scatter',
          symbolSize: 7,
          data: DESIGNS.flatMap((name) =>
            trials[name]!.map(({ eventsPerSecond }) => [name, eventsPerSecond]),
          ),
        },
      ],
    },
    cpu: {
      ...head('CPU seconds for a million events, by process'),
      xAxis: { type: 'category', data: DESIGNS },
      yAxis: { type: 'value' },
      series: PROCESSES.map((process) => ({
        name: process,
        type: 'bar',
        stack: 'cpu',
        barWidth: '40%',
        data: DESIGNS.map((name) => medians[name]!.cpuPerMillion[process] ?? 0),
      })),
    },
  };
}

const SHOWN_PACKAGES = 12;

function plotProfile(figures: ProfileFigures): Record<string, EChartsOption> {
  const plot = (name: string): EChartsOption => {
    const shown = figures[name]!.byPackage.slice(0, SHOWN_PACKAGES).reverse();
    return {
      ...head(`Where the ${name} spends its CPU, percent`),
      grid: { top: 50, bottom: 30, left: 190, right: 60 },
      xAxis: { type: 'value' },
      yAxis: { type: 'category', data: shown.map((each) => each.name) },
      series: [
        {
          type: 'bar',
          label: { show: true, position: 'right' },
          data: shown.map(({ share }) => Number((share * 100).toFixed(1))),
        },
      ],
    };
  };
  return Object.fromEntries(Object.keys(figures).map((name) => [name, plot(name)]));
}

function plotLatency({ cases }: LatencyFigures): Record<string, EChartsOption> {
  const shown = {
    ackP50: 'answer p50',
    ackP99: 'answer p99',
    storedP50: 'stored p50',
    storedP95: 'stored p95',
  };
  return {
    times: {
      ...head(
        'Milliseconds from the time by schedule',
        'until the answer, and until stored at an API that takes 20 ms',
      ),
      xAxis: { type: 'category', data: cases.map(({ what }) => what.replace(', ', '\n')) },
      yAxis: { type: 'log', name: 'ms', min: 1 },
      series: Object.entries(shown).map(([field, name]) => ({
        name,
        type: 'bar',
        label: { show: true, position: 'top', formatter: ({ value }) => String(value) },
        data: cases.map(({ median }) => Number(median[field as keyof typeof shown].toFixed(1))),
      })),
    },
  };
}

function plotLimit({ spent: { timeline, windows } }: LimitFigures): Record<string, EChartsOption> {
  return {
    budget: {
      ...head('Requests a second, of 50 that are allowed', windows.map(({ what }) => what).join(', ')),
      xAxis: { type: 'value', name: 's', min: 0 },
      yAxis: [
        { type: 'value', name: 'requests/s', min: 0, max: 60 },
        { type: 'value', name: 'workers', min: 0, max: 6, interval: 1, splitLine: { show: false } },
      ],
      series: [
        {
          name: 'requests/s',
          type: 'line',
          symbol: 'none',
          data: ratesOf(timeline, ({ requests }) => requests),
          markLine: { symbol: 'none', data: [{ yAxis: 50, name: 'limit' }] },
        },
        {
          name: 'workers',
          type: 'line',
          step: 'end',
          symbol: 'none',
          yAxisIndex: 1,
          data: timeline.map(({ second, workers }) => [second, workers]),
        },
      ],
    },
  };
}

function plotBacklog({ waiting, steps }: BacklogFigures): Record<string, EChartsOption> {
  return {
    drain: {
      ...head('Draining a backlog', 'by events that are drained'),
      xAxis: { type: 'value', min: 0 },
      yAxis: [
        { type: 'value', name: 'events/s', min: 0 },
        { type: 'value', name: 'µs, MB', min: 0, splitLine: { show: false } },
      ],
      series: [
        { name: 'events/s', type: 'line', data: steps.map((step) => [step.drained, step.eventsPerSecond]) },
        {
          name: 'CPU of worker and Redis, µs an event',
          type: 'line',
          yAxisIndex: 1,
          data: steps.map((step) => [step.drained, step.cpuMicros]),
        },
        {
          name: 'memory of the worker, MB',
          type: 'line',
          yAxisIndex: 1,
          data: steps.map((step) => [step.drained, step.workerBytes / 1e6]),
        },
      ],
    },
    memory: {
      ...head('Redis bytes a waiting event', 'by events that wait'),
      legend: { show: false },
      xAxis: { type: 'value', min: 0 },
      yAxis: { type: 'value', min: 0 },
      series: [{ type: 'line', data: waiting.map(({ events, bytesEach }) => [events, bytesEach]) }],
    },
  };
}

function plotDeadLetters({ letters, timeline }: DeadLettersFigures): Record<string, EChartsOption> {
  return {
    flow: {
      ...head(`${whole(letters)} wrong events at once, beside good ones`),
      xAxis: { type: 'value', name: 's', min: 0 },
      yAxis: { type: 'value', name: 'events/s', min: 0 },
      series: [
        {
          name: 'good events stored',
          type: 'line',
          symbol: 'none',
          data: ratesOf(timeline, ({ stored }) => stored),
        },
        { name: 'dead letters', type: 'line', symbol: 'none', data: ratesOf(timeline, ({ dead }) => dead) },
      ],
    },
  };
}

function plotWorkers({ trials }: WorkersFigures): Record<string, EChartsOption> {
  const alone = trials[0]!.eventsPerSecond;
  return {
    rate: {
      ...head('Events a second for an API that takes 20 ms', 'CPU of the machine in percent'),
      xAxis: { type: 'category', name: 'workers', data: trials.map(({ workers }) => String(workers)) },
      yAxis: { type: 'value' },
      series: [
        {
          name: 'measured',
          type: 'bar',
          barWidth: '40%',
          label: {
            show: true,
            position: 'insideTop',
            formatter: ({ dataIndex }) => cpuOf(trials[dataIndex]!),
          },
          data: trials.map(({ eventsPerSecond }) => Math.round(eventsPerSecond)),
        },
        { name: 'linear', type: 'line', data: trials.map(({ workers }) => Math.round(alone * workers)) },
      ],
    },
  };
}

const cpuOf = ({ cpuShare }: { cpuShare: number }) => `${Math.round(cpuShare * 100)} %`;

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

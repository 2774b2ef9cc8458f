import { cpus } from 'node:os';
import Table from 'cli-table3';
import { meterbridge, ordinary } from './designs.js';
import { measureSingle, measureThroughput, measureWaiting, type Throughput } from './measure.js';
import { measureReplay, measureRetries } from './measure-replay.js';
import { freePort } from './stage.js';

const NAMES = ['throughput', 'memory', 'acknowledgement', 'replay'] as const;
const HELP = `npm run bench                 all of them, about three minutes
npm run bench -- throughput   end to end, 100 events a request, against the ordinary design
npm run bench -- memory       Redis bytes of a waiting event
npm run bench -- acknowledgement
                              single-event requests, against a bare Express route
npm run bench -- replay       100,000 dead letters, from the command until all are stored, against
                              BullMQ's failed jobs retried one by one

Everything runs on this machine, on the loopback, with a Redis of its own (appendfsync always). Machines
are noisy: trust the ratios of one run, not its absolute figures.`;

const round = (value: number, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits });

async function compareThroughput(): Promise<void> {
  // About a quarter of a minute each.
  const ours = await measureThroughput(meterbridge, 600_000);
  const theirs = await measureThroughput(ordinary, 40_000);
  const table = new Table({
    head: ['end to end, 100 events a request', theirs.design, ours.design],
    style: { head: [], border: [] },
  });
  const row = (what: string, read: (figures: Throughput) => string) =>
    table.push([what, read(theirs), read(ours)]);
  row('events', (figures) => round(figures.events));
  row('events/s, sent to stored', (figures) => round(figures.eventsPerSecond));
  row('acknowledgement p50, ms', (figures) => round(figures.p50Ms, 1));
  row('acknowledgement p99, ms', (figures) => round(figures.p99Ms, 1));
  for (const name of Object.keys(ours.cpuPerMillion)) {
    row(`CPU s per million events, ${name}`, (figures) =>
      round(figures.cpuPerMillion[name] ?? Number.NaN, 1),
    );
  }
  console.log(table.toString());
  console.log(
    `ratio: ${round(ours.eventsPerSecond / theirs.eventsPerSecond, 1)} times the ordinary design (goal: 12)\n`,
  );
}

async function compareMemory(): Promise<void> {
  const ours = await measureWaiting(meterbridge, 50_000);
  const theirs = await measureWaiting(ordinary, 10_000);
  console.log(
    `Redis bytes of a waiting event: ${round(ours)} (ordinary design: ${round(theirs)}; goal: at most 120)\n`,
  );
}

async function compareAcknowledgement(): Promise<void> {
  const bare = await measureSingle('a bare Express route', 60_000, async (stage) => {
    const port = String(await freePort());
    await stage.start('bare', './load/bare-express.js', { PORT: port });
    return { url: `http://127.0.0.1:${port}` };
  });
  const ours = await measureSingle('meterbridge, on disk before it answers', 60_000, (stage) =>
    meterbridge.startReceiver(stage),
  );
  const table = new Table({
    head: ['one event a request, 64 connections', 'requests/s', 'p50 ms', 'p99 ms'],
    style: { head: [], border: [] },
  });
  for (const each of [bare, ours]) {
    table.push([each.what, round(each.requestsPerSecond), round(each.p50Ms, 1), round(each.p99Ms, 1)]);
  }
  console.log(table.toString());
  console.log(
    `ratio: ${round(ours.requestsPerSecond / bare.requestsPerSecond, 2)} of the bare route (goal: 0.6)\n`,
  );
}

async function compareReplay(): Promise<void> {
  const ours = await measureReplay(100_000);
  const theirs = await measureRetries(10_000);
  const table = new Table({
    head: ['dead events, from the command until all are stored', 'events', 'seconds', 'events/s'],
    style: { head: [], border: [] },
  });
  for (const each of [theirs, ours]) {
    table.push([each.what, round(each.events), round(each.seconds, 1), round(each.eventsPerSecond)]);
  }
  console.log(table.toString());
  console.log(
    `${round(ours.events)} in ${round(ours.seconds, 1)} s (goal: 20); ` +
      `ratio: ${round(ours.eventsPerSecond / theirs.eventsPerSecond, 1)} times retrying failed jobs\n`,
  );
}

const asked = process.argv.slice(2);
if (asked.includes('--help') || asked.some((name) => !(NAMES as readonly string[]).includes(name))) {
  console.log(HELP);
  process.exitCode = asked.includes('--help') ? 0 : 2;
} else {
  const chosen = asked.length > 0 ? asked : NAMES;
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'})\n`);
  if (chosen.includes('throughput')) await compareThroughput();
  if (chosen.includes('memory')) await compareMemory();
  if (chosen.includes('acknowledgement')) await compareAcknowledgement();
  if (chosen.includes('replay')) await compareReplay();
}

import { readFile } from 'node:fs/promises';
import { readMemory } from '@meterbridge/queue';
import { startLoad } from './load/load.js';
import { renderTable } from './report.js';
import { untilSettled } from './settle.js';
import type { Stage } from './stage.js';

/** What is there while nothing is under way. */
type AtRest = { events: number; redisBytes: number; keys: number; rssMb: number[] };

const ROUNDS = 4;
/** Before the first look: connections, scripts and compiled code are there by then. */
const WARM_UP = 20_000;
/** Buffers and fragments come and go; what grew with the events would be megabytes. */
const ALLOWED_BYTES = 250_000;
/** A new hour or scripts that were not called before. */
const ALLOWED_KEYS = 4;

/**
 * Good events as fast as they are taken, without any trouble, and a look at everything at rest in between:
 * nothing may grow with the number of events. @returns whether it did not, and each event is in effect once
 */
export async function soak(
  stage: Stage,
  events: number,
  random: () => number,
  signal: AbortSignal,
): Promise<boolean> {
  const looks: AtRest[] = [];
  /** Events so far: handed to the senders, and answered 200. */
  let [given, answered] = [0, 0];
  const flow = async (prefix: string, count: number) => {
    const load = startLoad({
      prefix,
      count,
      durationMs: 1,
      receiverUrls: stage.receivers.map(({ url }) => url),
      random,
      baseMs: Date.now() - 600_000,
      kind: 'usage',
      signal,
    });
    await load.done;
    await untilSettled(stage);
    given += count;
    answered += load.answered;
  };
  await flow('warm-up', WARM_UP);
  looks.push(await look(stage, 0));
  const warmUp = answered;
  for (let round = 1; round <= ROUNDS && !signal.aborted; round += 1) {
    const began = performance.now();
    await flow(`soak-${round}`, Math.ceil(events / ROUNDS));
    const seconds = (performance.now() - began) / 1_000;
    const sent = answered - warmUp;
    console.log(
      `• ${sent.toLocaleString('en')} events settled, the last of them at ${Math.round(events / ROUNDS / seconds).toLocaleString('en')} a second`,
    );
    looks.push(await look(stage, sent));
  }
  const members = [...stage.receivers, ...stage.workers];
  const rows = looks.map(({ events: at, redisBytes, keys, rssMb }) =>
    [at, redisBytes, keys, ...rssMb].map((value) => value.toLocaleString('en')),
  );
  console.log(
    `\n${renderTable([['events before', 'Redis bytes', 'keys', ...members.map(({ name }) => `${name}, MB`)], ...rows]).join('\n')}`,
  );
  const [first, last] = [looks[0]!, looks.at(-1)!];
  const [bytes, keys] = [last.redisBytes - first.redisBytes, last.keys - first.keys];
  console.log(
    `Redis at rest: ${bytes.toLocaleString('en')} bytes and ${keys} keys more after ${last.events.toLocaleString('en')} events (allowed: ${ALLOWED_BYTES.toLocaleString('en')} and ${ALLOWED_KEYS})`,
  );
  const { lago, hyperline } = stage.sandbox;
  const inEffect = [lago.ledger.size, hyperline.ledger.size];
  console.log(
    `in effect, warm-up and all: ${inEffect.map((size) => size.toLocaleString('en')).join(' at Lago, ')} at Hyperline, of ${answered.toLocaleString('en')} that were answered 200`,
  );
  // One that was sent and never answered, when the run is ended early, may be there or not.
  const isAllThere = inEffect.every((size) => answered <= size && size <= given);
  return isAllThere && bytes <= ALLOWED_BYTES && keys <= ALLOWED_KEYS;
}

async function look(stage: Stage, events: number): Promise<AtRest> {
  return {
    events,
    redisBytes: (await readMemory(stage.look))!.usedBytes,
    keys: await stage.look.dbsize(),
    rssMb: await Promise.all([...stage.receivers, ...stage.workers].map(({ pid }) => residentMb(pid))),
  };
}

/** From Linux' /proc; NaN elsewhere. */
async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024);
}

import type { FailureStatus, GateStatus, HoldStatus, PlaceStatus, Status } from '@meterbridge/operations';
import { RECEIVER } from '@meterbridge/queue';
import { HELD_WITHOUT_KEY } from '../../stack/decide-stand-ins.js';
import { duplicateWords } from '../../terminal/duplicate-words.js';
import { duration } from '../../terminal/duration.js';
import { grouped } from '../../terminal/grouped.js';
import { howToRun } from '../../terminal/hint.js';
import { lateWords } from '../../terminal/late-words.js';
import { style } from '../../terminal/style.js';
import { type Cell, type Column, renderTable } from '../../terminal/table.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';
import { renderActivity } from './render-activity.js';
import { renderProcesses } from './render-processes.js';

const COLUMNS: Column[] = [
  { head: 'destination', minWidth: 11 },
  { head: 'in/s', align: 'right', dropRank: 1 },
  { head: 'out/s', align: 'right' },
  { head: 'in flight', align: 'right' },
  { head: 'oldest', align: 'right', dropRank: 2 },
  { head: 'drained in', align: 'right', dropRank: 4 },
  { head: 'delivered', align: 'right' },
  { head: 'dead', align: 'right' },
  { head: 'gate', minWidth: 12 },
  { head: 'requests/s', align: 'right', dropRank: 3 },
  { head: 'workers', align: 'right' },
];

/** A table for people, and below it what somebody should know in words. @param width in characters */
export function renderStatus(status: Status, width: number): string {
  const words = status.places.flatMap((place) => wordsOf(place, status.at));
  return [
    renderTable({ columns: COLUMNS, rows: status.places.map(rowOf) }, width),
    ...[
      ...redisOf(status.redis),
      ...renderProcesses(status),
      ...words,
      ...refusedWords(status.refusedIds),
      ...forgetWords(status.forgetRequests, status.at),
      ...erasureWords(status),
    ].map((line) => wrapText(visible(line), width)),
    ...renderActivity(status, width),
  ].join('\n');
}

function refusedWords(ids: number): string[] {
  if (ids === 0) return [];
  return [
    `Later events of ${grouped(ids)} ${ids === 1 ? 'id is' : 'ids are'} refused: meterbridge forget --list`,
  ];
}

/** Why a request to forget a person is not done yet. */
const DELAYS: Partial<Record<string, string>> = {
  in_hand: 'a worker has events of the person',
  replaying: 'a replay is open',
  receivers: 'a receiver has not said that it refuses the person',
  arriving: 'events of the person come in',
  receipts: 'an archivist has not taken the person out of the receipts',
  unreadable: 'a letter or job cannot be read',
  failed: 'it failed, and the log of a worker says of what',
};

function forgetWords({ open, oldestAt, problems }: Status['forgetRequests'], at: number): string[] {
  if (open === 0) return [];
  const since = duration(Math.max(0, at - (oldestAt ?? at)) / 1_000);
  const why = Object.entries(problems).map(([word, count]) => `${DELAYS[word] ?? word} (${grouped(count)})`);
  const words = `${grouped(open)} ${open === 1 ? 'call asks' : 'calls ask'} to forget a person and ${open === 1 ? 'is' : 'are'} not done, the oldest for ${since}`;
  return [why.length === 0 ? words : `${words}; tried again, since ${why.join(', ')}`];
}

function erasureWords({ erasures: { open, oldestAt }, processes, at }: Status): string[] {
  if (open === 0) return [];
  const since = duration(Math.max(0, at - (oldestAt ?? at)) / 1_000);
  const who = processes.some(({ role }) => role === 'archivist')
    ? 'an archivist is at it'
    : 'it waits for an archivist, and none runs';
  return [
    `${grouped(open)} ${open === 1 ? 'person is' : 'people are'} to be taken out of the receipts, the oldest for ${since}: ${who}`,
  ];
}

function rowOf(place: PlaceStatus): Cell[] {
  const { destination, dead, gate } = place;
  const deadText: Cell = dead > 0 ? { text: grouped(dead), how: 'yellow' } : '0';
  if (destination === RECEIVER) return [destination, '', '', '', '', '', '', deadText, '', '', ''];
  const { requestsPerSecond, requestLimit, workers } = place;
  return [
    destination,
    grouped(place.inPerSecond),
    grouped(place.outPerSecond),
    grouped(place.inFlight),
    place.oldestAgeMs === null ? '–' : duration(place.oldestAgeMs / 1_000),
    drain(place),
    grouped(place.delivered + place.duplicate),
    deadText,
    gate ? gateOf(gate) : '',
    requestLimit === null ? 'no limit' : `${requestsPerSecond} of ${requestLimit}`,
    workers === null ? '?' : workers === 0 ? { text: '0', how: 'red' } : String(workers),
  ];
}

function drain({ inFlight, drainSeconds }: PlaceStatus): string {
  if (inFlight === 0) return '–';
  return drainSeconds === null ? 'not getting less' : duration(drainSeconds);
}

function gateOf({ state, waitUntil }: GateStatus): Cell {
  if (state === 'held') return { text: 'held', how: 'red' };
  if (state === 'open') return { text: 'breaker open', how: 'yellow' };
  if (state === 'half-open') return { text: 'breaker half-open', how: 'yellow' };
  return waitUntil === null ? 'sending' : { text: 'told to wait', how: 'yellow' };
}

function wordsOf(place: PlaceStatus, at: number): string[] {
  const { destination, gate, jobs, inFlight, workers, eventsStore, missingRules, isConfigured } = place;
  const words = (gate?.holds ?? []).map((hold) => `${destination}: ${holdWords(hold, destination)}`);
  for (const failure of gate?.lastFailures ?? []) words.push(`${destination}: ${failureWords(failure, at)}`);
  if (gate?.waitUntil && gate.state !== 'held') {
    words.push(`${destination}: nothing is sent for ${duration((gate.waitUntil - at) / 1_000)}`);
  }
  const areLookupsHeld = gate?.holds.some((hold) => hold.by === 'answer' && hold.to === 'reads');
  if (gate?.lookupsWaitUntil && !areLookupsHeld) {
    words.push(
      `${destination}: no subscription is looked up for ${duration((gate.lookupsWaitUntil - at) / 1_000)}`,
    );
  }
  for (const { rule, deadFrom } of missingRules) {
    const from = new Date(deadFrom).toISOString().slice(0, 16).concat('Z');
    words.push(
      `${destination}: deliveries wait for the rule ${rule}, which was removed. Put it back under its name; from ${from} on they are dead letters`,
    );
  }
  for (const { kind, words: said } of place.newerRecords) {
    words.push(`${destination}: deliveries wait, since their ${KIND_WORDS[kind] ?? kind} ${said}`);
  }
  if (!isConfigured && workers) {
    words.push(`${destination}: is in no configuration any more; what waits for it goes out`);
  } else if (!isConfigured) {
    words.push(`${destination}: is not configured any more, and no worker takes its jobs`);
  } else if (workers === 0 && inFlight > 0) words.push(`${destination}: no worker is connected`);
  if (eventsStore !== null) words.push(`${destination}: keeps events in ${eventsStore}`);
  if (inFlight > 0) {
    const { waiting, active, delayed } = jobs;
    words.push(
      `${destination}: ${grouped(waiting)} jobs wait, ${grouped(active)} are in hand, ${grouped(delayed)} are put back`,
    );
  }
  const findings = Object.values(place.openFindings).reduce((sum, count) => sum + count, 0);
  if (findings > 0) {
    words.push(
      `${destination}: took ${grouped(findings)} usage ${findings === 1 ? 'event' : 'events'} that it does not bill, as it reports: ${howToRun(`findings list --destination ${destination}`)}`,
    );
  }
  words.push(...[...duplicateWords(place), ...lateWords(place)].map((text) => `${destination}: ${text}`));
  return words;
}

/** What deliveries wait by. */
const KIND_WORDS: Partial<Record<string, string>> = { job: 'jobs were', rules: 'rules were' };

function holdWords(hold: HoldStatus, destination: string): string {
  const since = new Date(hold.since).toISOString().slice(0, 19).concat('Z');
  if (hold.by === 'hand') {
    const how =
      hold.reason === HELD_WITHOUT_KEY
        ? 'Set it in .env, and start meterbridge up again'
        : `Let it go: ${howToRun(`resume ${destination}`)}`;
    return `held by ${hold.who} since ${since}: ${hold.reason}. ${how}`;
  }
  const what = hold.to === 'reads' ? 'lookups are held' : 'held';
  return `${what} since ${since}, the API answered ${hold.code}: ${hold.detail}. Mend the key or the URL; one from a variable or .env is read at a start only, so start the workers again. It goes on within a minute then, or at once: ${howToRun(`resume ${destination}`)}`;
}

function failureWords({ to, code, cause, at: failedAt }: FailureStatus, at: number): string {
  const ago = duration(Math.max(0, at - failedAt) / 1_000);
  return `last failure${to === 'reads' ? ' of a lookup' : ''} ${ago} ago: ${code}: ${cause}`;
}

function redisOf({ refusesWrites, ...memory }: Status['redis']): string[] {
  return [...(refusesWrites === null ? [] : [style('red', refusesWrites)]), memoryOf(memory)];
}

function memoryOf({ usedBytes, limitBytes, guardBytes }: Omit<Status['redis'], 'refusesWrites'>): string {
  if (usedBytes === null) return 'Redis memory: the server does not tell';
  const used = `Redis memory: ${megabytes(usedBytes)}`;
  if (limitBytes === null || guardBytes === null) return `${used} used, no maxmemory set`;
  const percent = Math.round((100 * usedBytes) / limitBytes);
  const line = `${used} of ${megabytes(limitBytes)} (${percent} %); senders are told to wait from ${megabytes(guardBytes)} on`;
  return usedBytes > guardBytes ? style('red', line) : line;
}

function megabytes(bytes: number): string {
  return `${grouped(Math.round(bytes / 1_048_576))} MB`;
}

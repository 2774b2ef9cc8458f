import { checkBooks } from './books.js';
import { clearBoth } from './both-apis.js';
import type { Tally } from './check.js';
import type { Figures } from './firewall/figures.js';
import { type Load, startLoad } from './load/load.js';
import { runCommand } from './run-command.js';
import type { Scenario, Scene } from './scenario.js';
import { type Accounts, PLACES, readAccounts, SETTLED_WITHIN_MS, untilSettled } from './settle.js';
import type { Stage } from './stage.js';
import { keepKilling } from './strikes.js';
import { verify } from './verify.js';

/** What one scenario came to. */
export type Played = {
  name: string;
  what: string;
  tally: Tally;
  /** Requests that both APIs received. */
  requests: number;
  kills: string[];
  /** Jobs that another hand took because their lock had run out. */
  handsChanged: number;
  failovers: number;
  /** By which the accounts do not add up, over all places. */
  difference: number;
  /** Of requests answered 200, milliseconds. */
  acknowledgedP99Ms: number;
  /** From the first event sent until nothing was in flight. */
  seconds: number;
  /** What was measured of each API behind a firewall. */
  figures: Figures[];
  notes: string[];
  problems: string[];
};

export type Play = {
  scenario: Scenario;
  prefix: string;
  events: number;
  kills: number;
  seconds: number;
  /** Random numbers by the seed: a sequence of its own for each purpose, since all run at once. */
  randomFor: (purpose: 'load' | 'kills' | 'trouble') => () => number;
  signal: AbortSignal;
  /** Told now and then how far it is. */
  onProgress?: (progress: string) => void;
  /** Told of each trouble as it is made, and when. */
  onTrouble?: (what: string, atSeconds: number) => void;
};

const PROGRESS_EVERY_MS = 500;

/** Lets events flow, makes the trouble, waits until all is settled, and follows every event to its end. */
export async function play(stage: Stage, asked: Play): Promise<Played> {
  const { scenario, kills, seconds, randomFor, signal } = asked;
  const before = { requests: requestsSoFar(stage), hands: stage.logs.handsChanged };
  // What differed before is told with the scenario in which it came to be.
  const accountsBefore = await readAccounts(stage);
  const began = performance.now();
  const scene = openScene(stage, asked, began);
  const { load } = scene;
  const endProgress = tellProgress(scene, asked, began);
  await Promise.all([
    load.done,
    scenario.trouble?.(scene),
    keepKilling(stage, { kills, seconds, strikes: scenario.strikes, random: randomFor('kills') }, (name) => {
      scene.kills.push(name);
      scene.tell(`killed: ${name}`);
    }),
  ]);
  calm(stage);
  const { settledWithinMs = SETTLED_WITHIN_MS } = scenario;
  const accounts = await untilSettled(stage, settledWithinMs);
  endProgress();
  const settledAt = performance.now();
  await scenario.after?.(scene);

  const tally = await verify(stage, load, scene.expected, scene.forgotten);
  for (const trickle of scene.trickles) {
    tally.findings.push(...(await verify(stage, trickle, new Map())).findings);
  }
  const differences = PLACES.map((place) => accounts[place].difference - accountsBefore[place].difference);
  if (scene.forgotten.length > 0) stage.hasForgotten = true;
  scene.problems.push(...(await checkBooks(stage, accounts, !stage.hasForgotten)));
  addProblems(scene, { accounts, differences, settledWithinMs });
  const audit = await runCommand(stage, ['audit']);
  const isOld =
    differences.every((each) => each === 0) && PLACES.some((place) => accountsBefore[place].difference);
  if (audit.exitCode !== 0 && isOld) scene.notes.push('audit tells of what differed before this scenario');
  else if (audit.exitCode !== 0) scene.problems.push(`audit exits with ${audit.exitCode}:\n${audit.output}`);
  const unanswered = load.options.count - load.answered;
  // What reached nothing proved nothing.
  if (load.answered === 0 && !signal.aborted) scene.problems.push('no event was answered 200');
  else if (unanswered > 0 && !signal.aborted)
    scene.notes.push(`${unanswered} events were never answered 200`);
  return {
    name: scenario.name,
    what: scenario.what,
    tally,
    requests: requestsSoFar(stage) - before.requests,
    kills: scene.kills,
    handsChanged: stage.logs.handsChanged - before.hands,
    failovers: scene.failovers,
    difference: differences.reduce((sum, each) => sum + Math.abs(each), 0),
    acknowledgedP99Ms: percentile(load, 0.99),
    seconds: (settledAt - began) / 1_000,
    figures: scene.figures,
    notes: scene.notes,
    problems: scene.problems,
  };
}

function openScene(stage: Stage, asked: Play, began: number): Scene {
  const { scenario, prefix, events, seconds, randomFor, signal, onTrouble } = asked;
  const load = startLoad({
    prefix,
    count: events,
    durationMs: seconds * 1_000,
    receiverUrls: stage.receivers.map(({ url }) => url),
    random: randomFor('load'),
    without: scenario.without,
    poisonedEvery: scenario.poisonedEvery,
    baseMs: Date.now() - 600_000,
    signal,
  });
  return {
    stage,
    load,
    trickles: [],
    random: randomFor('trouble'),
    expected: new Map(),
    kills: [],
    failovers: 0,
    forgotten: [],
    figures: [],
    tell: (what) => onTrouble?.(what, (performance.now() - began) / 1_000),
    notes: [],
    problems: [],
  };
}

/** @returns what ends it */
function tellProgress({ load, kills }: Scene, { events, onProgress }: Play, began: number): () => void {
  const timer = setInterval(() => {
    const at = Math.round((performance.now() - began) / 1_000);
    const sent = Math.round((100 * load.answered) / events);
    onProgress?.(`${at} s: ${sent} % answered 200, ${kills.length} kills`);
  }, PROGRESS_EVERY_MS).unref();
  return () => clearInterval(timer);
}

function addProblems(
  { problems }: Scene,
  {
    accounts,
    differences,
    settledWithinMs,
  }: { accounts: Accounts; differences: readonly number[]; settledWithinMs: number },
): void {
  for (const [index, place] of PLACES.entries()) {
    const { inFlight, jobs } = accounts[place];
    if (inFlight > 0)
      problems.push(`${place}: ${inFlight} are still in flight after ${settledWithinMs / 60_000} minutes`);
    if (differences[index] !== 0) problems.push(`${place}: the account differs by ${differences[index]}`);
    if (jobs.failed > 0)
      problems.push(`${place}: ${jobs.failed} jobs among the failed, where nobody takes them`);
  }
}

/** Ends every trouble that is left; what is late may come now. */
function calm(stage: Stage): void {
  clearBoth(stage.sandbox);
  for (const { apiLink } of stage.workers) apiLink.refuse(false);
}

function requestsSoFar({ sandbox }: Stage): number {
  return sandbox.lago.inspect().requests + sandbox.hyperline.inspect().requests;
}

function percentile({ latenciesMs }: Load, share: number): number {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

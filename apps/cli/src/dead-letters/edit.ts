import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findDeadLetter, recordHand } from '@meterbridge/queue';
import { insist, withHand } from '../hand.js';
import { CommandError } from '../load-context.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { compileJudge } from '../replay/judge-letter.js';
import { AllQuestions } from '../stored/ask-apis.js';
import type { Held } from '../stored/held.js';
import { type SendAgain, sayHeld, whyNotSent } from '../stored/may-send.js';
import { confirm } from '../terminal/confirm.js';
import { openEditor } from '../terminal/open-editor.js';
import { type CheckedEdit, checkEdit, type EditRules } from './check-edit.js';
import { compileCustomerOf } from './customer-of.js';
import { beginHandRun } from './hand-run.js';
import { destinationOf, eventOf, isDelivery, type Letter, type LetterEntry } from './letter.js';
import { compileMapNow } from './map-now.js';
import { goneText, type LetterBox, openLetters } from './open-letters.js';
import { putBack } from './put-back.js';
import { pretty, renderMapped, renderTexts } from './show.js';

export type EditOptions = { as?: string; yes?: boolean; json?: boolean } & Pick<SendAgain, 'sendAgain'>;

type Edited = Extract<CheckedEdit, { ok: true }>;

/** Opens a letter's event in an editor, and puts it back on its queue as it is then. */
export async function editLetter(id: string, options: EditOptions): Promise<void> {
  const box = await openLetters();
  try {
    const entry = await findDeadLetter<Letter>(id, box.redis);
    if (!entry) throw new CommandError(goneText(id));
    if (!options.yes && !process.stdin.isTTY) throw new CommandError('Nobody is there to ask: say --yes.');
    const file = join(await mkdtemp(join(tmpdir(), 'meterbridge-edit-')), `${id.replace('/', '-')}.json`);
    await writeFile(file, `${JSON.stringify(eventOf(entry.letter), null, 2)}\n`, { mode: 0o600 });
    const edited = await editUntilRight(file, entry, rulesOf(box));
    const isDone = edited !== null && (await finish(entry, edited, file, box, options));
    if (isDone || edited === null) await rm(dirname(file), { recursive: true });
    if (options.json) console.log(JSON.stringify({ id, edited: isDone }));
    else if (edited === null) console.log('Nothing was changed, and nothing done.');
    else if (!isDone) console.log(`Nothing was done. Your text is in ${file}`);
    if (!isDone) process.exitCode = 1;
  } finally {
    box.close();
  }
}

function rulesOf({ config, kept }: LetterBox): EditRules {
  return {
    maxEventBytes: config.receiver.eventBytes,
    mapNow: compileMapNow(config, kept),
    customerOf: compileCustomerOf(config.destinations),
    takes: (entry) => {
      const { letter } = entry;
      if (!isDelivery(letter)) return true;
      const routes = config.route(letter.event, letter.source);
      const own = routes.find(({ destination }) => destination === destinationOf(entry));
      return own?.rules.includes(letter.rule) ?? false;
    },
  };
}

/**
 * The editor opens again for as long as the text is not right and somebody is there to mend it.
 * @returns null where nothing was changed
 * @throws CommandError that says what is wrong and where the text is
 */
async function editUntilRight(file: string, entry: LetterEntry, rules: EditRules): Promise<Edited | null> {
  for (;;) {
    await openEditor(file, process.env);
    const read = readEvent(await readFile(file, 'utf8'));
    if (read.ok && isDeepStrictEqual(read.event, eventOf(entry.letter))) return null;
    const checked = read.ok ? checkEdit(entry, read.event, rules) : read;
    if (checked.ok) return checked;
    const left = `Your text is in ${file}`;
    if (!process.stdin.isTTY) throw new CommandError(`${checked.problem}. ${left}`);
    console.error(`${checked.problem}.`);
    if (!(await confirm('Open it again?'))) throw new CommandError(left);
  }
}

function readEvent(text: string): { ok: true; event: unknown } | { ok: false; problem: string } {
  try {
    return { ok: true, event: JSON.parse(text) };
  } catch (error) {
    return { ok: false, problem: `it is not JSON: ${(error as Error).message}` };
  }
}

/** Shows what changed and what it comes to, asks, and puts it back. False where it shall not be. */
async function finish(
  before: LetterEntry,
  { entry, mapped, mayHaveArrived }: Edited,
  file: string,
  box: LetterBox,
  options: EditOptions,
): Promise<boolean> {
  if (!options.json) {
    console.log(renderChange(before, entry));
    const was = compileMapNow(box.config, box.kept)(before);
    const unedited = was.will === 'go' ? was.mapped[0] : undefined;
    const left = unedited?.as === 'usage' ? pretty(unedited.usage.body) : '(nothing)';
    for (const each of mapped)
      console.log(`\n${renderMapped(left, each, ['mapped as it was', 'mapped as edited'])}`);
    if (mayHaveArrived) console.log(`\n${MAY_HAVE_ARRIVED}`);
  }
  const held = await askFor(entry, box);
  if (!options.json) {
    for (const { events, words } of sayHeld(held)) if (events > 0) console.log(`\n${events}  ${words}`);
  }
  const whyNot = whyNotSent(held, { ...options, checkAll: true });
  if (whyNot !== null) throw new CommandError(`${whyNot}\nYour text is in ${file}`);
  if (!options.yes && !(await confirm('Put it back on its queue like this?'))) return false;
  const run = await beginHandRun(box.redis, {
    what: 'edited',
    because: `changed ${changedFields(before, entry).join(', ')}`.slice(0, 500),
    as: options.as,
  });
  const edit = { by: run.by, at: Number(run.run.split('-')[0]) };
  const { hadBefore } = await withHand(box.config, async (hand) => {
    const done = await putBack(entry, edit, box, hand);
    await insist(() => recordHand(hand.redis, run, before, hand.replicas));
    return done;
  }).catch((error) => {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`${error.message} Your text is in ${file}`);
  });
  const say = options.json ? console.error : console.log;
  if (!options.json) say(`\n${before.id} is on its queue, as ${run.by} has edited it.`);
  for (const name of hadBefore) say(`${name} had it already, as an edit had changed it that was cut off.`);
  return true;
}

/** What the APIs hold already of what it would become. */
async function askFor(entry: LetterEntry, { config, kept }: LetterBox): Promise<Held[]> {
  const pipeline = compilePipeline(config, kept);
  const verdict = compileJudge(pipeline)(entry, '');
  const questions = new AllQuestions(pipeline, { isForAll: true });
  try {
    for (const { destination, deliveries } of verdict.will === 'go' ? verdict.moves : []) {
      await questions.askFor(destination, deliveries);
    }
    return await questions.finish();
  } finally {
    await questions.close();
  }
}

const MAY_HAVE_ARRIVED =
  'It may have arrived before it died: then its API keeps what it has, and this edit changes nothing there.';

function renderChange(before: LetterEntry, after: LetterEntry): string {
  const [left, right] = [before, after].map(({ letter }) => JSON.stringify(eventOf(letter), null, 2));
  return renderTexts(left!, right!, { left: 'the event', right: 'as edited' });
}

/** Where the events differ: names of their fields, two levels deep; never a value. */
function changedFields(before: LetterEntry, after: LetterEntry): string[] {
  const [one, other] = [before, after].map(({ letter }) => eventOf(letter) as Record<string, unknown>);
  return fieldsOf(one!, other!).flatMap((field) => {
    const [left, right] = [one![field], other![field]];
    const isDeeper = [left, right].every((value) => typeof value === 'object' && value !== null);
    if (!isDeeper) return [field];
    return fieldsOf(left as object, right as object).map((inner) => `${field}.${inner}`);
  });
}

function fieldsOf(one: object, other: object): string[] {
  const value = (of: object, field: string) => (of as Record<string, unknown>)[field];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (field) => !isDeepStrictEqual(value(one, field), value(other, field)),
  );
}

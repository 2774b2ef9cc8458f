import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  askForLetter,
  type CheckedEdit,
  compileMapNow,
  editLetter,
  eventOf,
  type LetterEntry,
  OperationError,
  type Operations,
  previewEdit,
  readLetter,
  type SendAgain,
} from '@meterbridge/operations';
import { parseJson } from '@meterbridge/segment-events';
import { CommandError, withOperations } from '../../load-context.js';
import { confirm } from '../../terminal/confirm.js';
import { countRow } from '../../terminal/count-row.js';
import { openEditor } from '../../terminal/open-editor.js';
import { print, printNote } from '../../terminal/print.js';
import { sayHeld, whyNotSent } from '../../terminal/say-held.js';
import { watched } from '../../terminal/work.js';
import { pretty, renderMapped, renderTexts } from './show.js';

export type EditOptions = { as?: string; yes?: boolean; json?: boolean } & Pick<SendAgain, 'sendAgain'>;

type Edited = Extract<CheckedEdit, { ok: true }>;

/** Opens a letter's event in an editor, and puts it back on its queue as it is then. */
export async function editInEditor(id: string, options: EditOptions): Promise<void> {
  await withOperations(async (ops) => {
    const entry = await readLetter(id, ops);
    if (!options.yes && !process.stdin.isTTY) throw new CommandError('Nobody is there to ask: say --yes.');
    const file = join(await mkdtemp(join(tmpdir(), 'meterbridge-edit-')), `${id.replace('/', '-')}.json`);
    await writeFile(file, `${JSON.stringify(eventOf(entry.letter), null, 2)}\n`, { mode: 0o600 });
    const edited = await editUntilRight(file, entry, ops);
    const isDone = edited !== null && (await finish(entry, edited, file, ops, options));
    if (isDone || edited === null) await rm(dirname(file), { recursive: true });
    if (options.json) print(JSON.stringify({ id, edited: isDone }));
    else if (edited === null) print('Nothing was changed, and nothing done.');
    else if (!isDone) print(`Nothing was done. Your text is in ${file}`);
    if (!isDone) process.exitCode = 1;
  }, options);
}

/**
 * The editor opens again for as long as the text is not right and somebody is there to mend it.
 * @returns null where nothing was changed
 * @throws CommandError that says what is wrong and where the text is
 */
async function editUntilRight(file: string, entry: LetterEntry, ops: Operations): Promise<Edited | null> {
  for (;;) {
    await openEditor(file, process.env);
    const read = readEvent(await readFile(file, 'utf8'));
    if (read.ok && isDeepStrictEqual(read.event, eventOf(entry.letter))) return null;
    const checked = read.ok ? previewEdit(ops, entry, read.event) : read;
    if (checked.ok) return checked;
    const left = `Your text is in ${file}`;
    if (!process.stdin.isTTY) throw new CommandError(`${checked.problem}. ${left}`);
    printNote(`${checked.problem}.`);
    if (!(await confirm('Open it again?'))) throw new CommandError(left);
  }
}

function readEvent(text: string): { ok: true; event: unknown } | { ok: false; problem: string } {
  try {
    JSON.parse(text);
    // Numbers keep their digits, as on receipt.
    return { ok: true, event: parseJson(text) };
  } catch (error) {
    return { ok: false, problem: `it is not JSON: ${(error as Error).message}` };
  }
}

/** Shows what changed and what it comes to, asks, and puts it back. False where it shall not be. */
async function finish(
  before: LetterEntry,
  { entry, mapped, mayHaveArrived }: Edited,
  file: string,
  ops: Operations,
  options: EditOptions,
): Promise<boolean> {
  if (!options.json) {
    print(renderChange(before, entry));
    const was = compileMapNow(ops.config, ops.kept)(before);
    const unedited = was.will === 'go' ? was.mapped[0] : undefined;
    const left = unedited?.as === 'usage' ? pretty(unedited.usage.body) : '(nothing)';
    for (const each of mapped)
      print(`\n${renderMapped(left, each, ['mapped as it was', 'mapped as edited'])}`);
    if (mayHaveArrived) print(`\n${MAY_HAVE_ARRIVED}`);
  }
  const held = await askForLetter(ops, entry);
  if (!options.json) {
    for (const { events, words } of sayHeld(held)) if (events > 0) print(`\n${countRow(events, words)}`);
  }
  const whyNot = whyNotSent(held, { ...options, checkAll: true });
  if (whyNot !== null) throw new CommandError(`${whyNot}\nYour text is in ${file}`);
  if (!options.yes && !(await confirm('Put it back on its queue like this?'))) return false;
  const { by, hadBefore } = await watched((work) => editLetter(ops, before, entry, work)).catch((error) => {
    if (!(error instanceof OperationError)) throw error;
    throw new CommandError(`${error.message} Your text is in ${file}`);
  });
  const say = options.json ? printNote : print;
  if (!options.json) say(`\n${before.id} is on its queue, as ${by} has edited it.`);
  for (const name of hadBefore) say(`${name} had it already, as an edit had changed it that was cut off.`);
  return true;
}

const MAY_HAVE_ARRIVED =
  'It may have arrived before it died: then its API keeps what it has, and this edit changes nothing there.';

function renderChange(before: LetterEntry, after: LetterEntry): string {
  const [left, right] = [before, after].map(({ letter }) => JSON.stringify(eventOf(letter), null, 2));
  return renderTexts(left!, right!, { left: 'the event', right: 'as edited' });
}

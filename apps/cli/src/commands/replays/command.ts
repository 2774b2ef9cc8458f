import {
  askForRest,
  isAsPlanned,
  resumeReplay as letGoOn,
  listReplays,
  showReplay as lookAtReplay,
  type Operations,
  type Replay,
  readReplay,
  stopReplay,
} from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
import { countRow } from '../../terminal/count-row.js';
import { type LetGoOptions, letGo } from '../../terminal/let-go.js';
import { print, printNote } from '../../terminal/print.js';
import { sayHeld } from '../../terminal/say-held.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { watched } from '../../terminal/work.js';
import { printText } from '../../terminal/wrap-text.js';
import { isoTime, renderReplay, renderReplays } from './render.js';
import { type WatchOptions, watchInTerminal } from './watch.js';

type Options = { json?: boolean };
type ResumeOptions = WatchOptions & LetGoOptions;

/** Prints all replays that are remembered, the newest first. */
export async function listAllReplays({ json, wide }: Options & TableOptions): Promise<void> {
  const replays = await withOperations(listReplays);
  if (json) {
    const lines = replays.map((each) =>
      'newer' in each
        ? { ...each.newer, startedAt: isoTime(each.newer.startedAt), words: each.words }
        : { ...toJson(each.replay), replayed: each.replayed },
    );
    return print(JSON.stringify(lines, null, 2));
  }
  print(replays.length === 0 ? 'No replay is remembered.' : renderReplays(replays, tableWidth({ wide })));
}

/** Prints one in full: what it was told, how far it came, and what became of what it put back. */
export async function showReplay(id: string, options: Options): Promise<void> {
  await withOperations((ops) => show(ops, id, options));
}

async function show(ops: Operations, id: string, options: Options): Promise<void> {
  const { replay, summary } = await lookAtReplay(ops, id);
  if (options.json) return print(JSON.stringify({ ...toJson(replay), ...summary }, null, 2));
  printText(renderReplay(replay, summary));
}

/** Makes a running one stop after what it has in hand, and waits until it has. */
export async function stopRunning(id: string, options: Options): Promise<void> {
  await withOperations(async (ops) => {
    await stopReplay(ops, id);
    await show(ops, id, options);
  });
}

/**
 * Lets a stopped one go on, with the rules of now. What is left is asked for anew where those map otherwise than its
 * plan did.
 */
export async function resumeReplay(id: string, options: ResumeOptions): Promise<void> {
  await withOperations(async (ops) => {
    const replay = await readReplay(ops, id);
    if (!isAsPlanned(ops, replay)) {
      const held = await watched((work) => askForRest(ops, replay, options, work));
      if (!options.json) {
        for (const { events, words } of sayHeld(held)) printNote(countRow(events, words));
      }
      await letGo(held, options);
    }
    await letGoOn(ops, replay);
    if (!options.json) printNote(`Replay ${id} goes on. Ctrl-C ends only the watching.`);
    await watchInTerminal(ops, id, options);
  });
}

/** Times as text; what was given, as it was given. */
function toJson({ startedAt, endedAt, ...replay }: Replay) {
  return { ...replay, startedAt: isoTime(startedAt), endedAt: endedAt === null ? null : isoTime(endedAt) };
}

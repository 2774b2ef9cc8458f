import { isDeepStrictEqual } from 'node:util';
import { recordAction } from '@meterbridge/queue';
import { insist, withWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { compileJudge } from '../replay/judge-letter.js';
import { AllQuestions } from '../stored/ask-apis.js';
import type { Held } from '../stored/held.js';
import type { Work } from '../work.js';
import { type CheckedEdit, checkEdit } from './check-edit.js';
import { destinationOf, eventOf, isDelivery, type LetterEntry } from './letter.js';
import { compileMapNow } from './map-now.js';
import { beginAction } from './operator-action.js';
import { type PutBack, putBack } from './put-back.js';

/** Whether a letter may go back with another event, and what that comes to; changes nothing. */
export function previewEdit(
  { config, kept, customerOf }: Operations,
  before: LetterEntry,
  event: unknown,
): CheckedEdit {
  return checkEdit(before, event, {
    maxEventBytes: config.receiver.eventBytes,
    mapNow: compileMapNow(config, kept),
    customerOf,
    typeOf: (destination) => config.destinations.find(({ name }) => name === destination)!.type,
    takes: (entry) => {
      const { letter } = entry;
      if (!isDelivery(letter)) return true;
      const routes = config.route(letter.event, letter.source);
      const own = routes.find(({ destination }) => destination === destinationOf(entry));
      return own?.rules.includes(letter.rule) ?? false;
    },
  });
}

/** What the APIs hold already of what a letter would become. Changes nothing. */
export async function askForLetter({ config, kept }: Operations, entry: LetterEntry): Promise<Held[]> {
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

/**
 * Puts a letter back on its queue with another event, and keeps who did it and which fields were changed.
 * @param before as it was read
 * @param after as `previewEdit` gave it
 * @throws OperationError as `putBack` and `withWriter`
 */
export async function editLetter(
  ops: Operations,
  before: LetterEntry,
  after: LetterEntry,
  work: Work = {},
): Promise<PutBack & { by: string }> {
  const run = await beginAction(ops, {
    what: 'edited',
    because: `changed ${changedFields(before, after).join(', ')}`.slice(0, 500),
  });
  const edit = { by: run.by, at: Number(run.run.split('-')[0]) };
  const done = await withWriter(ops.config, async (writer) => {
    const done = await putBack(after, edit, ops, writer, work);
    await insist(() => recordAction(writer.redis, run, before, writer.replicas), work);
    return done;
  });
  return { ...done, by: run.by };
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

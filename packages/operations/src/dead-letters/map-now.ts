import type { Config } from '@meterbridge/config';
import { type KeptUsage, NEVER_SENT, type UsageEvent } from '@meterbridge/delivery';
import { compilePipeline, type KeptRules, mapDelivery } from '../pipeline/pipeline.js';
import { compileJudge } from '../replay/judge-letter.js';
import { isDelivery, type LetterEntry } from './letter.js';

/** What a letter's event is mapped to under one rule of one destination. */
export type MappedNow = { destination: string; rule: string } & (
  | { as: 'usage'; usage: UsageEvent }
  /** Names path and expectation, never a value. */
  | { as: 'nothing'; why: string }
);

/** What a replay would make of a letter with the configuration of now; or why it would leave it where it is. */
export type Now = { will: 'go'; mapped: MappedNow[] } | { will: 'stay'; why: string };

export type MapNow = (entry: LetterEntry) => Now;

/** Pure: maps as a replay would, by the rules that would take it; of what is looked up, what was found before stays. */
export function compileMapNow(config: Config, kept?: KeptRules, options?: { remapSent?: boolean }): MapNow {
  const pipeline = compilePipeline(config, kept);
  const judge = compileJudge(pipeline, options);
  return (entry) => {
    const verdict = judge(entry, '');
    if (verdict.will === 'stay') {
      return { will: 'stay', why: verdict.detail ? `${verdict.why}: ${verdict.detail}` : verdict.why };
    }
    if (entry.reason === 'poison') return { will: 'stay', why: NOT_HERE };
    const mapped = verdict.moves.flatMap(({ destination, deliveries }) =>
      deliveries.map((delivery): MappedNow => {
        const { rule, event } = delivery;
        const result = mapDelivery(pipeline, destination, rule, event, delivery);
        return result.ok
          ? { destination, rule, as: 'usage', usage: result.usage }
          : { destination, rule, as: 'nothing', why: result.detail };
      }),
    );
    if (mapped.length === 0) return { will: 'stay', why: 'taken by no rule' };
    return { will: 'go', mapped };
  };
}

const NOT_HERE = 'not mapped here: its workers died of it, and mapping it may be what kills';

/** What the API held in its place when it died; undefined where nobody has compared that. */
export function heldThen({ letter }: LetterEntry): KeptBody | undefined {
  return isDelivery(letter) && letter.held ? readKept(letter.held) : undefined;
}

/** A body that was kept whole, or what there is of it in words. */
type KeptBody = { body: string } | { why: string };

function readKept({ body, characters }: KeptUsage): KeptBody {
  if (body.length === characters) return { body };
  const kept = body.length.toLocaleString('en');
  return {
    why: `${characters.toLocaleString('en')} characters, of which the first ${kept} are kept: ${body}`,
  };
}

/** What a letter was mapped to when it died, or why that is not known. */
export function mappedThen({ reason, letter }: LetterEntry): KeptBody {
  if (!isDelivery(letter)) return { why: 'it was no Segment event' };
  const { usage, tries } = letter;
  if (usage) return readKept(usage);
  if (NEVER_SENT.has(reason)) return { why: `nothing: ${tries.lastDetail ?? ''}` };
  return {
    why:
      reason === 'poison'
        ? 'not kept: a poison is not mapped again'
        : 'nothing: it died before it was mapped',
  };
}

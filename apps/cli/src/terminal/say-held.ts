import { kindOf } from '@meterbridge/destinations';
import { DOUBTS, type Held, refuseToSend, type SendAgain } from '@meterbridge/operations';
import { grouped } from './grouped.js';
import { style } from './style.js';

const KINDS = Object.keys(DOUBTS) as (keyof typeof DOUBTS)[];
/** Why it may not be sent, and what to say for it to be; null where nothing is in the way. Pure. */
export function whyNotSent(held: readonly Held[], said: SendAgain): string | null {
  const refusal = refuseToSend(held, said);
  if (!refusal) return null;
  const { doubts, notAsked, isWhole } = refusal;
  const before = said.sendAgain === undefined ? '' : `--send-again ${said.sendAgain} was said, and `;
  if (doubts === 0) return `${before}none is there already as something else. Nothing was done.`;
  const found = held.flatMap(({ destination, type, ...counts }) =>
    KINDS.filter((kind) => counts[DOUBTS[kind]] > 0).map((kind) => ({
      line: `  ${destination}: ${grouped(counts[DOUBTS[kind]])} ${kindOf(type).lookup?.words[kind]}.`,
      advice: kindOf(type).lookup?.advice[kind],
    })),
  );
  const advice = new Set(found.flatMap((each) => each.advice ?? []));
  return [
    `${before}${grouped(doubts)} of what would be sent ${doubts === 1 ? 'is' : 'are'} there already as something else:`,
    ...found.map(({ line }) => line),
    ...advice,
    isWhole
      ? `Nothing was done. To send them nevertheless, say their number: --send-again ${doubts}`
      : `Nothing was done. ${grouped(notAsked)} more were not asked for: say --check-all, which finds their number.`,
  ].join('\n');
}

/** What the APIs hold already, a line a kind: how many, and in words. */
export function sayHeld(held: readonly Held[]): { events: number; words: string }[] {
  return held.flatMap(({ destination, type, asked, notAsked, same, late, maybeLate, problem, ...counts }) => {
    const lines = [
      {
        events: same,
        words:
          same === 0
            ? `${destination}: there already, of ${grouped(asked)} that it was asked about`
            : `${destination}: there already, the same, of ${grouped(asked)} that it was asked about; they will count as duplicates`,
      },
    ];
    for (const kind of KINDS) {
      const events = counts[DOUBTS[kind]];
      const words = `${destination}: ${kindOf(type).lookup?.words[kind]}`;
      if (events > 0) lines.push({ events, words: style('red', words) });
    }
    const why = problem ?? 'more reads than it is worth, or what would be sent is not known';
    const more = problem === undefined ? ' (--check-all asks for all)' : '';
    if (notAsked > 0) {
      lines.push({ events: notAsked, words: style('yellow', `${destination}: not asked: ${why}${more}`) });
    }
    if (late > 0) lines.push({ events: late, words: style('yellow', `${destination}: ${LATE}`) });
    if (maybeLate > 0) {
      const words = `${destination}: old, and whether their period is billed already is not known`;
      lines.push({ events: maybeLate, words: style('yellow', words) });
    }
    return lines;
  });
}

const LATE =
  'late for their period, which is billed already: sent, or dead again where lateEvents says so, and billed at most as recurring or paid in advance';

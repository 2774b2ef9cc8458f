import { findDeadLetter } from '@meterbridge/queue';
import { CommandError } from '../load-context.js';
import { detailOf, type Letter } from './letter.js';
import { goneText, openLetters } from './open-letters.js';

/** Prints one dead letter in full: the event, why it is here, what the API said, earlier lives. */
export async function showDeadLetter(id: string, options: { json?: boolean }): Promise<void> {
  const { redis, close } = await openLetters();
  try {
    const entry = await findDeadLetter<Letter>(id, redis);
    if (!entry) throw new CommandError(goneText(id));
    if (options.json)
      return console.log(
        JSON.stringify({ id: entry.id, at: entry.at, reason: entry.reason, letter: entry.letter }),
      );
    const { letter } = entry;
    const facts: [string, unknown][] = [
      ['id', entry.id],
      ['dead since', new Date(entry.at).toISOString()],
      ['reason', entry.reason],
      ['detail', detailOf(letter)],
      ['source', letter.source],
    ];
    if ('rule' in letter) {
      const { tries, rule, history } = letter;
      facts.push(['rule', rule], ['attempts', tries.attempts], ['last status', tries.lastStatus]);
      for (const life of history ?? [])
        facts.push([
          'before',
          `${life.reason} (${life.detail ?? ''}), replayed ${new Date(life.at).toISOString()}`,
        ]);
    }
    for (const [name, value] of facts)
      if (value !== undefined) console.log(`${`${name}:`.padEnd(13)}${value}`);
    console.log(`event:\n${JSON.stringify('event' in letter ? letter.event : letter.raw, null, 2)}`);
  } finally {
    close();
  }
}

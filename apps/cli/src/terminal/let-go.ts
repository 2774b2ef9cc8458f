import { type Held, notAskedOf, type SendAgain } from '@meterbridge/operations';
import { CommandError } from '../load-context.js';
import { confirm } from './confirm.js';
import { grouped } from './grouped.js';
import { print } from './print.js';
import { whyNotSent } from './say-held.js';

export type LetGoOptions = SendAgain & { yes?: boolean; json?: boolean };

/**
 * Lets it be sent, or not, for what is there already.
 * @throws CommandError for what would be billed twice or never, unless its number was said; and for what the APIs could
 * not be asked, unless somebody says yes
 */
export async function letGo(held: readonly Held[], options: LetGoOptions): Promise<void> {
  const whyNot = whyNotSent(held, options);
  if (whyNot !== null) {
    if (options.json) print(JSON.stringify({ state: 'refused', held }, null, 2));
    throw new CommandError(whyNot);
  }
  const notAsked = grouped(notAskedOf(held));
  if (notAsked === '0' || options.yes) return;
  if (!process.stdin.isTTY) {
    throw new CommandError(
      `${notAsked} were not asked for: some may be there already. Say --yes to send them all the same, or --check-all.`,
    );
  }
  const isMeant = await confirm(`${notAsked} were not asked for. Send them all the same?`);
  if (!isMeant) throw new CommandError('Nothing was done.');
}

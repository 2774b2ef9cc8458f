import { descriptions } from '@meterbridge/destinations/descriptions';
import { holdDestination, resumeDestination, type SettingsInForce } from '@meterbridge/operations';
import { CommandError, readCommandEnv, withRunningSystem } from '../../load-context.js';
import { NO_KEY } from '../../stack/decide-stand-ins.js';
import { howToRun } from '../../terminal/hint.js';
import { print } from '../../terminal/print.js';
import { printText } from '../../terminal/wrap-text.js';

/** Stops sending to a destination until somebody resumes it; what is accepted meanwhile waits. */
export async function hold(destination: string, options: { reason: string; json?: boolean }): Promise<void> {
  const reason = options.reason.trim();
  if (reason === '') throw new CommandError('say why, for those who come later: --reason "…"');
  const { before, after } = await withRunningSystem((ops) => holdDestination(ops, destination, reason));
  if (options.json) return print(JSON.stringify({ destination, held: after.handHold }));
  printText(
    before.handHold
      ? `${destination} was held before (${before.handHold.by}: ${before.handHold.reason}); the reason is the new one.`
      : `${destination} is held: nothing more is sent to it. What comes waits; requests on their way are settled.`,
  );
  printText(`Let it go with: ${howToRun(`resume ${destination}`)}`);
}

/** Lets a destination go, whoever held it: somebody, or an answer that refused the key or the URL. */
export async function resume(destination: string, options: { json?: boolean }): Promise<void> {
  const { byHand, byAnswer } = await withRunningSystem((ops) => {
    if (hasNoKey(destination, ops.config)) {
      throw new CommandError(
        `${destination} has no API key, so nothing can be sent to it. Set it in .env, and start meterbridge up again: that lets it go.`,
      );
    }
    return resumeDestination(ops, destination);
  });
  if (options.json) return print(JSON.stringify({ destination, ended: { byHand, byAnswer } }));
  if (byHand) {
    const since = new Date(byHand.since).toISOString();
    printText(`${destination} goes on. It was held by ${byHand.by} since ${since}: ${byHand.reason}`);
  }
  if (byAnswer) {
    printText(
      `${destination} goes on. It was held since it answered ${byAnswer.code} (${byAnswer.detail}); if it does so again, it is held again.`,
    );
  }
  if (!byHand && !byAnswer) printText(`${destination} is not held.`);
}

/** A stack gives a destination without a key one that is none. Where the file cannot be used, its variable tells. */
function hasNoKey(destination: string, { destinations }: SettingsInForce): boolean {
  const settings = destinations.find(({ name }) => name === destination);
  if (!settings) return false;
  const { apiKey } = settings as { apiKey?: string };
  return (apiKey ?? readCommandEnv(process.env)[descriptions[settings.type].env.apiKey]) === NO_KEY;
}

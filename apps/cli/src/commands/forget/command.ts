import {
  allowPerson,
  findPerson,
  forgetPerson,
  keyToRefuseBy,
  listRefused,
  readPersonIds,
} from '@meterbridge/operations';
import type { PersonIds } from '@meterbridge/segment-events';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { confirmOrAbort } from '../../terminal/confirm.js';
import { print } from '../../terminal/print.js';
import { tableWidth } from '../../terminal/table.js';
import { interruptible, watched } from '../../terminal/work.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderForgotten, renderFound, renderRefused } from './render-forget.js';

export type ForgetOptions = {
  user?: string;
  anonymous?: string;
  as?: string;
  refuseLater?: boolean;
  allowAgain?: boolean;
  list?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
};

/** Takes a person out of everything that is kept: says where they are, asks, and says where else they are. */
export async function forget(options: ForgetOptions, command: Pick<Command, 'error'>): Promise<void> {
  const { user: userId, anonymous: anonymousId, json, refuseLater, allowAgain } = options;
  if (options.list) return listWhoIsRefused(options);
  if (refuseLater && allowAgain) command.error('error: --refuse-later or --allow-again, not both');
  if (userId === undefined && anonymousId === undefined) {
    command.error('error: say who: --user <id>, --anonymous <id>, or both');
  }
  const ids = readPersonIds({ userId, anonymousId });
  if (allowAgain) return allow(ids, options);
  await withOperations(async (ops) => {
    if (refuseLater) keyToRefuseBy(ops);
    const found = await watched((work) => findPerson(ops, ids, work));
    if (!json) print(renderFound(found, tableWidth()));
    if (options.dryRun) {
      if (json) print(JSON.stringify({ found }, null, 2));
      return;
    }
    if (!(await confirmOrAbort('Forget this person for good?', options))) return;
    const forgotten = await interruptible((work) => forgetPerson(ops, ids, work, { refuseLater }));
    if (forgotten.rest !== null || forgotten.unreadable > 0) process.exitCode = 1;
    if (json) print(JSON.stringify({ found, forgotten }, null, 2));
    else printText(renderForgotten(forgotten));
  }, options);
}

async function listWhoIsRefused({ json }: ForgetOptions): Promise<void> {
  const list = await withOperations((ops) => listRefused(ops));
  print(json ? JSON.stringify(list, null, 2) : renderRefused(list));
}

async function allow(ids: PersonIds, options: ForgetOptions): Promise<void> {
  const wasRefused = await withOperations((ops) => allowPerson(ops, ids), options);
  if (options.json) print(JSON.stringify({ wasRefused }, null, 2));
  else printText(wasRefused ? 'Later events of this person come in again.' : 'This person is not refused.');
}

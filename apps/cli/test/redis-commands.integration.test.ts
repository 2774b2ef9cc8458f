import { expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

/** What stores that are compatible with Redis have at least, and BullMQ asks for. */
const NEWEST = [6, 2, 0];
/** What the client library says of itself, and goes on where a server does not know it. */
const MAY_BE_REFUSED = ['client|setinfo'];

/** Every command that Redis was given, by a client or in a script, and the version that has it since. */
async function commandsUsed({ redis }: Stack): Promise<Map<string, number[]>> {
  const info = await redis.info('commandstats');
  const names = [...info.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name]) => name!);
  const since = new Map<string, number[]>();
  for (const name of names) {
    const [, fields] = (await redis.call('COMMAND', 'DOCS', name)) as [string, string[]];
    const version = fields[fields.indexOf('since') + 1]!;
    since.set(name, version.split('.').map(Number));
  }
  return since;
}

function isNewer(version: readonly number[]): boolean {
  const at = version.findIndex((part, index) => part !== NEWEST[index]);
  return at >= 0 && version[at]! > NEWEST[at]!;
}

test('receiver, worker and commands ask nothing of Redis that came after 6.2', async () => {
  const stack = await stacks.open();
  const version = /redis_version:(\d+)/.exec(await stack.redis.info('server'))![1];
  if (Number(version) < 7) {
    console.log('skipped: a Redis before 7 does not say since when it has a command');
    return;
  }
  await stack.redis.config('RESETSTAT');
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(40));
  await sendAll(receiver.url, makeTracks(5, { properties: { model: 'small', subscription_id: 'sub-1' } }));
  await sendAll(receiver.url, makeTracks(3, { type: 'unheard of' }));
  await stack.startReady('worker');
  const run = async (...args: string[]) => {
    const { code, output } = await stack.cli(...args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${output}`);
    return output;
  };
  await run('audit', '--wait', '30');
  await run('status', '--json');
  await run('hold', 'lago', '--reason', 'to see what that asks of Redis');
  await run('resume', 'lago');
  const [first] = (await run('dead-letters', 'list', '--json')).split('\n');
  await run('dead-letters', 'show', (JSON.parse(first!) as { id: string }).id);
  await run('preview', '--all-dead-letters');
  await stack.writeConfig(CONFIG.replace('as: number }', 'as: number, default: 0 }'));
  await run('dead-letters', 'replay', '--reason', 'unmapped', '--yes');
  await run('replays', 'list');
  await run('dead-letters', 'discard', '--all', '--because', 'to see what that asks of Redis', '--yes');
  await run('dead-letters', 'discards');
  const used = await commandsUsed(stack);
  // The scripts' own commands are among them.
  expect([...used.keys()]).toEqual(expect.arrayContaining(['xadd', 'hincrby', 'eval', 'bzpopmin']));
  const newer = [...used].filter(([name, since]) => isNewer(since) && !MAY_BE_REFUSED.includes(name));
  expect(newer).toEqual([]);
});

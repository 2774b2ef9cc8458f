import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { expectEachOnce, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const EVENTS = 5_000;
/** What somebody deployed on a Friday: the property has another name. */
const WRONG = CONFIG.replace('path: properties.tokens', 'path: properties.token_count');

/** The walk of docs/runbook.md, "A wrong mapping was deployed", command by command. */
test('a wrong mapping: found, fixed, proven, replayed, audited', async () => {
  const stack = await stacks.open({ config: WRONG });
  const folder = dirname(stack.env.METERBRIDGE_CONFIG!);
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  const tracks = makeTracks(EVENTS);
  await sendAll(receiver.url, tracks);
  await stack.settled(EVENTS);

  // What is wrong?
  const status = await stack.cli('status');
  expect(status).toMatchObject({ code: 0 });
  expect(status.output).toContain('5,000');
  const list = await stack.cli('dead-letters', 'list', '--by', 'reason', '--by', 'rule');
  expect(list.output).toMatch(/unmapped.*api-calls.*5,000|5,000.*unmapped.*api-calls/);
  const [letter] = (await stack.cli('dead-letters', 'list', '--limit', '1', '--json')).output.split('\n');
  const { id } = JSON.parse(letter!) as { id: string };
  const show = await stack.cli('dead-letters', 'show', id);
  expect(show.output).toContain('properties.token_count is missing');

  // A fix, and the proof of it on the very events that failed. Nothing is deployed yet.
  const fixed = join(folder, 'fixed.yaml');
  await writeFile(fixed, CONFIG);
  const proof = await stack.cli('preview', '--all-dead-letters', '--with', fixed);
  expect(proof).toMatchObject({ code: 0 });
  expect(proof.output).toMatch(/5,000 +newly delivered|newly delivered\W+5,000/);

  // Too early: those who map still have the old file, and the plan says so.
  const early = await stack.cli('dead-letters', 'replay', '--reason', 'unmapped', '--dry-run');
  expect(early.output).toContain('5,000');
  expect(await stack.account('lago')).toMatchObject({ dead: EVENTS });

  // Deployed: the workers, who map.
  await stack.writeConfig(CONFIG);
  worker.process.signal('SIGTERM');
  expect(await worker.process.exited).toEqual({ code: 0, signal: null });
  await stack.startReady('worker');
  expect(await stack.cli('check')).toMatchObject({ code: 0 });

  const replay = await stack.cli('dead-letters', 'replay', '--reason', 'unmapped', '--yes', '--wait');
  expect(replay).toMatchObject({ code: 0 });
  await waitFor(async () => (await stack.account('lago')).delivered === EVENTS, { what: 'the deliveries' });

  const audit = await stack.cli('audit', '--wait', '60');
  expect(audit).toMatchObject({ code: 0 });
  expect(await stack.account('lago')).toMatchObject({ dead: 0, difference: 0, delivered: EVENTS });
  expectEachOnce(
    stack.sandbox,
    tracks.map(({ messageId }) => messageId),
  );
});

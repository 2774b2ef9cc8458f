import { expect, test } from '@jest/globals';
import type { RuleLine, Status, UntakenLine } from '@meterbridge/operations';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, postBatch } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const [HOUR, DAY] = [3_600_000, 86_400_000];
/** As somebody writes it who means `API Call`. */
const MISTYPED = CONFIG.replace('event = "API Call"', 'event = "API Calls"').replace(
  'when: type = "track"\n',
  'when: event = "Login"\n',
);

type Told = { rules: Map<string, RuleLine>; untaken: UntakenLine };

async function status(stack: Stack): Promise<Told> {
  const { code, output } = await stack.cli('status', '--json');
  expect(code).toBe(0);
  const { rules, untaken } = JSON.parse(output) as Status;
  return { rules: new Map(rules.map((line) => [line.rule, line])), untaken: untaken[0]! };
}

/** Once receivers have reported, which they do every five seconds, a status of which this is true. */
async function told(stack: Stack, isTold: (found: Told) => boolean): Promise<Told> {
  const found = await waitFor(
    async () => {
      const found = await status(stack);
      return isTold(found) ? found : undefined;
    },
    { what: 'a status' },
  );
  return found!;
}

/** Lets a rule's last event be as old as that, after gaps as long. */
async function lastTaken(stack: Stack, rule: string, agoMs: number, longestGapMs: number): Promise<void> {
  const at = Date.now() - agoMs;
  const day = Math.floor(at / DAY);
  await stack.redis.hset('meterbridge:{lago}:rule-activity', {
    [`${rule}/last`]: at,
    [`${rule}/${day}/taken`]: 50,
    [`${rule}/${day}/gap`]: longestGapMs,
  });
}

const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text();

test('a mistyped event name is found by the name that no rule takes, and by the rule that takes none', async () => {
  const stack = await stacks.open({ config: MISTYPED });
  const receivers = [await stack.startReady('receiver'), await stack.startReady('receiver')];
  const worker = await stack.startReady('worker');
  const logins = makeTracks(2, { event: 'Login' });
  const hostile = makeTracks(1, { event: '\u001b[2JAPI Call' });
  expect((await postBatch(receivers[0]!.url, [...makeTracks(3), ...logins])).status).toBe(200);
  expect((await postBatch(receivers[1]!.url, [...makeTracks(4), ...hostile])).status).toBe(200);

  const { rules, untaken } = await told(stack, ({ untaken }) => untaken.names[0]?.events === 7);
  expect(untaken).toMatchObject({
    source: 'backend',
    count: 2,
    names: [
      { type: 'track', event: 'API Call', events: 7 },
      { type: 'track', event: '\u001b[2JAPI Call', events: 1 },
    ],
  });
  expect(rules.get('api-calls')).toMatchObject({ state: 'unused', taken: 0, lastTakenAt: null });
  expect(rules.get('usage')).toMatchObject({ destination: 'hyperline', state: 'taking', taken: 2 });
  const { output } = await stack.cli('status');
  expect(output).toMatch(/lago +api-calls +0 +– +has taken none/);
  expect(output).toMatch(/track "API Call" +7 +\d+ s ago/);
  expect(output).toContain('"\\u001b[2JAPI Call"');
  const said = await metricsOf(worker.url);
  expect(said).toContain('meterbridge_untaken_names{source="backend"} 2\n');
  expect(said).toContain('meterbridge_rule_taken_events{destination="lago",rule="api-calls"} 0\n');
  expect(said).toContain('meterbridge_rule_silent{destination="lago",rule="api-calls"} 0\n');
  expect(await metricsOf(receivers[0]!.url)).toContain(
    'meterbridge_events_untaken_total{source="backend"} 3\n',
  );

  // Corrected, while the other receiver has not been started again yet.
  await stack.writeConfig(CONFIG);
  const corrected = await stack.startReady('receiver');
  expect((await postBatch(corrected.url, makeTracks(5))).status).toBe(200);
  // Whoever leaves reports at once.
  corrected.process.signal('SIGTERM');
  const after = await told(stack, ({ rules }) => rules.get('api-calls')?.taken === 5);
  expect(after.untaken.names).toMatchObject([{ event: '\u001b[2JAPI Call' }]);
});

test('a rule that stops taking is said, once it rests for longer than it ever did', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  const silent = async () =>
    /meterbridge_rule_silent{destination="lago",rule="api-calls"} (\d)/.exec(
      await metricsOf(worker.url),
    )?.[1];
  await lastTaken(stack, 'api-calls', 5 * HOUR, 2 * HOUR);
  expect((await status(stack)).rules.get('api-calls')).toMatchObject({ state: 'taking', taken: 50 });
  expect(await silent()).toBe('0');

  await lastTaken(stack, 'api-calls', 7 * HOUR, 2 * HOUR);
  expect((await status(stack)).rules.get('api-calls')).toMatchObject({ state: 'silent' });
  expect((await stack.cli('status')).output).toContain('fell silent: it never rested for 6 h 0 min before');
  expect(await silent()).toBe('1');

  // It was a gap like others, from now on.
  expect((await postBatch(receiver.url, makeTracks(1))).status).toBe(200);
  receiver.process.signal('SIGTERM');
  await told(stack, ({ rules }) => rules.get('api-calls')?.state === 'taking');
  expect(await silent()).toBe('0');
  await stack.redis.hset('meterbridge:{lago}:rule-activity', 'api-calls/last', Date.now() - 20 * HOUR);
  expect((await status(stack)).rules.get('api-calls')).toMatchObject({ state: 'taking' });
});

test('a receiver that leaves reports what it saw; what Redis did not take is reported once it is back', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  expect((await postBatch(receiver.url, makeTracks(3))).status).toBe(200);
  receiver.process.signal('SIGTERM');
  await receiver.process.exited;
  expect((await status(stack)).rules.get('api-calls')?.taken).toBe(3);

  const another = await stack.startReady('receiver');
  expect((await postBatch(another.url, makeTracks(2))).status).toBe(200);
  await suite.redis.kill('SIGSTOP');
  try {
    await waitFor(() => another.process.output().includes('redis.lost'), { what: 'Redis to be away' });
  } finally {
    await suite.redis.kill('SIGCONT');
  }
  await told(stack, ({ rules }) => rules.get('api-calls')?.taken === 5);
  // Nothing of it comes again with the next report.
  const [more] = makeTracks(1);
  await waitFor(async () => (await postBatch(another.url, [more!])).status === 200, { what: 'a 200' });
  const after = await told(stack, ({ rules }) => (rules.get('api-calls')?.taken ?? 0) > 5);
  expect(after.rules.get('api-calls')?.taken).toBe(6);
});

test('a removed rule is no longer named, and a renamed one has no history', async () => {
  const stack = await stacks.open({ config: CONFIG.replace('- name: api-calls', '- name: calls') });
  await lastTaken(stack, 'api-calls', 5 * DAY, HOUR);
  const { rules } = await status(stack);
  expect([...rules.keys()]).toEqual(['calls', 'usage', 'users']);
  expect(rules.get('calls')).toMatchObject({ state: 'unused', taken: 0 });
});

test('check warns of a path in a filter that no event had', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  expect((await postBatch(receiver.url, makeTracks(25))).status).toBe(200);
  receiver.process.signal('SIGTERM');
  await told(stack, ({ rules }) => rules.get('api-calls')?.taken === 25);
  const check = async () => (await stack.cli('check')).output;
  expect(await check()).not.toContain('its filter reads');
  await stack.writeConfig(
    CONFIG.replace('event = "API Call"', 'event = "API Call" and properties.tokns > 0'),
  );
  expect(await check()).toMatch(
    /! lago, rule api-calls: its filter reads properties.tokns, which none of the 20 events had .*properties.tokens/,
  );
});

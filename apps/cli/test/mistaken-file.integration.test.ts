import { expect, test } from '@jest/globals';
import { lookAtGate } from '@meterbridge/queue';
import { useRedis } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { useStack } from './run-stack.js';
import { CONFIG, LAGO_KEY } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

test.each([
  ['a rule that is none', CONFIG.replace('path: properties.tokens', 'pth: properties.tokens')],
  ['no YAML', `${CONFIG}\n  - [`],
])(
  'looking and holding go by what is in force while the saved file has a mistake: %s',
  async (_name, saved) => {
    const stack = await stacks.open();
    const receiver = await stack.startReady('receiver');
    await stack.startReady('worker');
    await sendAll(receiver.url, makeTracks(20));
    await sendAll(receiver.url, makeTracks(3, { type: 'unheard of' }));
    await stack.settled(20);
    const before = JSON.parse((await stack.cli('status', '--json')).output);
    expect(saved).not.toBe(CONFIG);
    await stack.writeConfig(saved);

    const status = await stack.cli('status');
    expect(status.code).toBe(0);
    expect(status.output).toMatch(/^\S+ is not in force: a mistake in line \d+ \(see [^)]*check\)\n/);
    expect(status.output).toMatch(/lago +0 +0 +0 .* 0 of 200 +1$/m);
    expect(status.output).toContain(`Configuration ${before.config}: in force in all 2 processes`);
    expect(status.output).not.toContain('not configured any more');
    expect(status.output).toContain('api-calls');

    const held = await stack.cli('hold', 'lago', '--reason', 'a wrong rule was saved');
    expect([held.code, held.output]).toEqual([0, expect.stringContaining('lago is held')]);
    expect((await lookAtGate('lago', stack.redis)).handHold).toMatchObject({
      reason: 'a wrong rule was saved',
    });
    expect(await stack.cli('resume', 'lago')).toMatchObject({ code: 0 });
    expect((await lookAtGate('lago', stack.redis)).handHold).toBeNull();
    expect(await stack.cli('audit', '--source', 'backend')).toMatchObject({ code: 0 });
    const letters = await stack.cli('dead-letters', 'list');
    expect([letters.code, letters.output]).toEqual([0, expect.stringContaining('receiver/')]);

    const replay = await stack.cli('dead-letters', 'replay', '--all', '--yes');
    expect([replay.code, replay.output]).toEqual([1, expect.stringContaining('problem')]);
  },
  120_000,
);

test('where no process runs, a file with a mistake is refused, and what variables hold is not shown', async () => {
  const stack = await stacks.open({
    config: CONFIG.replace('path: properties.tokens', 'pth: properties.tokens'),
  });
  const status = await stack.cli('status');
  expect(status.code).toBe(1);
  expect(status.output).toMatch(/line \d+, destinations\[0\]/);
  expect(status.output).not.toContain(LAGO_KEY);
});

test('with nothing set and nothing running, a command says that nothing runs here, and what to do', async () => {
  const stack = await stacks.open();
  for (const name of Object.keys(stack.env)) {
    if (!['PATH', 'METERBRIDGE_CONFIG'].includes(name)) delete stack.env[name];
  }
  for (const command of [['status'], ['dead-letters', 'replay', '--all']]) {
    const { code, output } = await stack.cli(...command);
    expect(code).toBe(1);
    expect(output).toContain('Nothing runs here');
    expect(output).toContain('up');
    expect(output).not.toContain('environment variable');
  }
  expect((await stack.cli('check')).output).toMatch(/! keys: not needed to try it: \S.*up has the sandbox/);
});

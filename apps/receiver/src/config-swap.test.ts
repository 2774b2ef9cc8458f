import { expect, test } from '@jest/globals';
import { type Config, parseConfig, settingsToTell } from '@meterbridge/config';
import { createLogger } from '@meterbridge/telemetry';
import { ConfigSwap } from './config-swap.js';
import type { InForce } from './in-force.js';

const configOf = (key: string): Config => {
  const loaded = parseConfig(
    `
sources: [{ name: backend, writeKey: ${key} }]
destinations: [{ name: lago, type: lago, apiKey: k, rules: [{ name: all, subscription: userId }] }]
`,
    {},
  );
  if (!loaded.ok) throw new Error('the configuration is wrong');
  return loaded.config;
};

/** A swap whose steps are noted; Redis keeps rules once `isThere` says so. */
function open(isThere: () => boolean) {
  const steps: string[] = [];
  const swap = new ConfigSwap(configOf('one'), {
    open: (config): InForce => ({
      config,
      hash: config.hash,
      rules: config.rules,
      settings: settingsToTell(config),
      intake: { handle: () => true, settled: async () => {} },
      close: async () => void steps.push(`close ${config.sources[0]!.writeKeys[0]}`),
    }),
    keep: async ({ sources }) => {
      if (!isThere()) throw new Error('Redis is away');
      steps.push(`keep ${sources[0]!.writeKeys[0]}`);
    },
    say: async () => void steps.push('say'),
    onSwapped: ({ sources }) => steps.push(`swap ${sources[0]!.writeKeys[0]}`),
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  return { steps, swap };
}

test('rules are kept and told before requests go by them; what was in force is closed behind it', async () => {
  let tries = 0;
  const { steps, swap } = open(() => ++tries > 1);
  const applied = swap.apply(configOf('two'));
  // A server that takes over meanwhile has to keep both.
  expect(swap.configs().map(({ sources }) => sources[0]!.writeKeys[0])).toEqual(['one', 'two']);
  expect(swap.current.config.sources[0]!.writeKeys).toEqual(['one']);
  await applied;
  expect(swap.current.config.sources[0]!.writeKeys).toEqual(['two']);
  expect(steps).toEqual(['swap one', 'keep two', 'say', 'swap two', 'close one']);
  await swap.close();
  expect(steps.at(-1)).toBe('close two');
});

test('one that waits for Redis is given up where the receiver ends, and the one in force is closed', async () => {
  const { steps, swap } = open(() => false);
  const applied = expect(swap.apply(configOf('two'))).rejects.toThrow();
  await swap.close();
  await applied;
  expect(steps).toEqual(['swap one', 'close one']);
});

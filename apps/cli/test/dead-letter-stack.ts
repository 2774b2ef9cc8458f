import { makeTracks, type Track } from './retrying-client.js';
import type { Stack, useStack } from './run-stack.js';
import { CONFIG, LAGO_KEY, PHONE } from './stack-config.js';

/** Lago's metric needs a weight, which the rule does not send before it is mended: what has tokens is refused. */
const METRICS = {
  api_call: { aggregation: 'sum_agg', field: 'tokens', expression: 'event.properties.weight * 2' },
} as const;

/** A configuration by which everything would be delivered that has tokens. */
export const MENDED = CONFIG.replace(
  'model: properties.model }',
  'model: properties.model, weight: { value: 1 } }',
);

/** What cannot be mapped for Lago; of another subscription than other tracks. */
export function withoutTokens(count: number): Track[] {
  return makeTracks(count, {
    properties: { model: 'small', subscription_id: 'sub-2' },
    traits: { phone: PHONE },
  });
}

/**
 * A stack in which these events died at Lago, or in the receiver; receiver and worker are gone again.
 * @param accepted how many of them the receiver takes
 * @param config the configuration, where it is another than usual
 */
export async function openWithLetters(
  stacks: ReturnType<typeof useStack>,
  tracks: readonly Track[],
  accepted = tracks.length,
  config = CONFIG,
): Promise<Stack> {
  const lago = { apiKey: LAGO_KEY, store: 'postgres', metrics: METRICS } as const;
  const stack = await stacks.open({ config, sandbox: { lago } });
  await stack.settle(tracks, accepted);
  return stack;
}

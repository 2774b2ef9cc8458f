import { type DestinationSettings, settingsOfVersion } from '@meterbridge/destinations';
import { readRules } from '@meterbridge/queue';
import { compileCustomerOf } from '../dead-letters/customer-of.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { compilePipeline, type Pipeline } from '../pipeline/pipeline.js';

/** What a replay is run with: the system, and its rules as its plan was shown with them. */
export type Planned = { ops: Operations; pipeline: Pipeline };

/**
 * The system with the rules of a plan in the place of its own. Which of them take an event is still decided by its own
 * filters: a version does not hold those.
 * @param rules versions by destination; left out: the rules of now
 * @throws OperationError (`not_possible`) where a version is not kept, or is one that this program cannot map by
 */
export async function withPlannedRules(
  ops: Operations,
  rules: Readonly<Record<string, string>> = {},
): Promise<Planned> {
  const { config } = ops;
  const planned = new Map(config.rules);
  const destinations: DestinationSettings[] = [];
  for (const settings of config.destinations) {
    const { name } = settings;
    const version = rules[name];
    if (version === undefined || version === config.rules.get(name)!.version) {
      destinations.push(settings);
      continue;
    }
    const text = await readRules(ops.redis, name, version);
    const compiled = text === null ? null : settingsOfVersion(settings, text);
    if (text === null || !compiled) {
      throw new OperationError(
        'not_possible',
        `${name}: the rules that it was planned with are not kept, or this program cannot map by them: plan it anew`,
      );
    }
    destinations.push(compiled);
    planned.set(name, { version, text });
  }
  const plannedConfig = { ...config, destinations, rules: planned };
  const customerOf = compileCustomerOf(destinations);
  return {
    ops: { ...ops, config: plannedConfig, customerOf },
    pipeline: compilePipeline(plannedConfig, ops.kept),
  };
}

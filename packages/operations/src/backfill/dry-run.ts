import { deliver, type Pipeline } from '../pipeline/pipeline.js';
import type { Group, Sink } from './group.js';
import type { Tally } from './tally.js';

/** Says what would become of groups, up to the requests, and writes nothing. @param questions what is there already */
export function createDryRun(pipeline: Pipeline, source: string, tally: Tally, questions: Sink): Sink {
  return {
    async add(group: Group) {
      await questions.add(group);
      tally.add(group);
      for (const event of group.events) {
        for (const { destination, deliveries } of deliver(event, source, pipeline)) {
          if (deliveries.length === 0) tally.filter(destination);
          for (const { rule, result } of deliveries) {
            if (result.ok) tally.deliver(destination, rule);
            else tally.fail(destination, rule, result.code, result.detail);
          }
        }
      }
    },
    end: () => questions.end(),
  };
}

import type { Pipeline } from '../pipeline/pipeline.js';
import type { AllQuestions } from '../stored/ask-apis.js';
import type { Group, Sink } from './group.js';

/** Asks the APIs what they hold of groups, up to the requests, and brings nothing in. */
export function createQuestionSink({ config }: Pipeline, source: string, questions: AllQuestions): Sink {
  return {
    async add({ events }: Group) {
      for (const event of events) {
        for (const { destination, rules } of config.route(event, source)) {
          await questions.askFor(
            destination,
            rules.map((rule) => ({ rule, event })),
          );
        }
      }
    },
    async end() {},
  };
}

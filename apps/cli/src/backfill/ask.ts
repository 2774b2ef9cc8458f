import type { Pipeline } from '../pipeline/pipeline.js';
import { ApiQuestions } from '../stored/ask-api.js';
import { askedOf } from '../stored/asked-of.js';
import type { Held } from '../stored/held.js';
import type { Group, Sink } from './group.js';

/** Asks the APIs what they hold of an archive's events, before any of them is brought in. */
export class ArchiveQuestions implements Sink {
  private readonly pipeline: Pipeline;
  private readonly source: string;
  private readonly questions: Map<string, ApiQuestions>;

  /** @param isForAll however many reads that takes */
  constructor(pipeline: Pipeline, source: string, isForAll: boolean, isStopped: () => boolean) {
    this.pipeline = pipeline;
    this.source = source;
    this.questions = new Map(
      pipeline.config.destinations.map((settings) => [
        settings.name,
        new ApiQuestions(settings, isForAll, isStopped),
      ]),
    );
  }

  async add({ events }: Group): Promise<void> {
    const { pipeline, source, questions } = this;
    for (const event of events) {
      for (const { destination, rules } of pipeline.config.route(event, source)) {
        const asked = rules.flatMap((rule) => askedOf(pipeline, destination, { rule, event }) ?? []);
        await questions.get(destination)!.askFor(asked);
      }
    }
  }

  async end(): Promise<void> {}

  /** What was found in all of them. */
  async finish(): Promise<Held[]> {
    const held = await Promise.all([...this.questions.values()].map((each) => each.finish()));
    return held.filter((each) => each !== null);
  }

  close(): void {
    for (const each of this.questions.values()) each.close();
  }
}

import type { StoredDelivery } from '@meterbridge/delivery';
import type { Pipeline } from '../pipeline/pipeline.js';
import { ApiQuestions } from './ask-api.js';
import { askedOf } from './asked-of.js';
import type { Held } from './held.js';

/** What is asked of the APIs before deliveries are sent. */
export type AskOptions = {
  /** However many reads that takes. */
  isForAll?: boolean;
  /** False where Redis does not answer: then the budget of reads is kept to without those who share it. */
  isShared?: boolean;
  /** Whether somebody has said to stop: nothing more is asked then. */
  isStopped?: () => boolean;
};

/** Asks each destination's API what it holds of its deliveries already. Changes nothing there. */
export class AllQuestions {
  private readonly pipeline: Pipeline;
  private readonly byDestination: ReadonlyMap<string, ApiQuestions>;

  constructor(pipeline: Pipeline, options: AskOptions = {}) {
    this.pipeline = pipeline;
    this.byDestination = new Map(
      pipeline.config.destinations.map((settings) => [
        settings.name,
        new ApiQuestions(settings, pipeline.config, options),
      ]),
    );
  }

  /** What cannot be mapped is not sent, and not asked for. */
  async askFor(
    destination: string,
    deliveries: readonly Pick<StoredDelivery, 'rule' | 'event' | 'resolved' | 'sentUnder'>[],
  ): Promise<void> {
    const asked = deliveries.flatMap((each) => askedOf(this.pipeline, destination, each) ?? []);
    await this.byDestination.get(destination)!.askFor(asked);
  }

  /** So many will be sent to it of which nobody knows as what. */
  pass(destination: string, deliveries: number): void {
    this.byDestination.get(destination)!.pass(deliveries);
  }

  /** What was found, of each destination that was asked for something. */
  async finish(): Promise<Held[]> {
    const held = await Promise.all([...this.byDestination.values()].map((each) => each.finish()));
    return held.filter((each) => each !== null);
  }

  async close(): Promise<void> {
    await Promise.all([...this.byDestination.values()].map((each) => each.close()));
  }
}

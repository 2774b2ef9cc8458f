import type { StoredDelivery } from '@meterbridge/delivery';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { ApiQuestions } from './ask-api.js';
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
  private readonly options: AskOptions;
  /** Of each destination that something is asked of. */
  private readonly opened = new Map<string, Promise<ApiQuestions>>();

  constructor(pipeline: Pipeline, options: AskOptions = {}) {
    this.pipeline = pipeline;
    this.options = options;
  }

  /** What cannot be mapped is not sent, and not asked for. */
  async askFor(
    destination: string,
    deliveries: readonly Pick<StoredDelivery, 'rule' | 'event' | 'resolved' | 'sentUnder'>[],
  ): Promise<void> {
    const asked = deliveries.flatMap((each) => askedOf(this.pipeline, destination, each) ?? []);
    if (asked.length > 0) await (await this.questionsOf(destination)).askFor(asked);
  }

  /** So many will be sent to it of which nobody knows as what. */
  async pass(destination: string, deliveries: number): Promise<void> {
    (await this.questionsOf(destination)).pass(deliveries);
  }

  /** What was found, of each destination that was asked for something, in the order of the configuration. */
  async finish(): Promise<Held[]> {
    const inOrder = this.pipeline.config.destinations.map(({ name }) => this.opened.get(name));
    const held = await Promise.all(inOrder.map(async (each) => (await each)?.finish()));
    return held.filter((each) => each != null);
  }

  async close(): Promise<void> {
    await Promise.all([...this.opened.values()].map(async (each) => (await each).close()));
  }

  private questionsOf(destination: string): Promise<ApiQuestions> {
    const found = this.opened.get(destination) ?? this.open(destination);
    this.opened.set(destination, found);
    return found;
  }

  /** The HTTP client and the limiter are loaded where an API is asked. */
  private async open(destination: string): Promise<ApiQuestions> {
    const { ApiQuestions } = await import('./ask-api.js');
    const { config } = this.pipeline;
    return new ApiQuestions(
      config.destinations.find(({ name }) => name === destination)!,
      config,
      this.options,
    );
  }
}

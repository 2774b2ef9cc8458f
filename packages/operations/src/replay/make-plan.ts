import type { LetterFilter } from '../dead-letters/filter.js';
import { destinationOf } from '../dead-letters/letter.js';
import { countAtMost } from '../dead-letters/walk.js';
import type { Operations } from '../open.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { AllQuestions } from '../stored/ask-apis.js';
import { startCounting, type Work } from '../work.js';
import { compileJudge, rulesOf } from './judge-letter.js';
import { limitOf, type Pace, paceOf } from './pace.js';
import { PlanTally, type ReplayPlan } from './plan.js';
import { type ReplayRange, walkRange } from './range.js';

export type PlanOptions = {
  includeFailing?: boolean;
  /** Map anew what may have arrived. */
  remapSent?: boolean;
  /** Take what came under an unknown write key as events of this source. */
  asSource?: string;
  /** Ask the APIs for every event, however many reads that takes. */
  checkAll?: boolean;
};

/** Looks at every letter once, as the replay would, and asks the APIs; changes nothing. */
export async function makePlan(
  ops: Operations,
  filter: LetterFilter,
  lanes: readonly ReplayRange[],
  pace: Pace,
  options: PlanOptions,
  work: Work = {},
): Promise<ReplayPlan> {
  const { destinations, billingAccounts } = ops.config;
  const pipeline = compilePipeline(ops.config, ops.kept);
  const judge = compileJudge(pipeline, options);
  const tally = new PlanTally();
  const questions = new AllQuestions(pipeline, { isForAll: options.checkAll ?? false });
  const progress = startCounting(work, 'dead letters looked at', await countAtMost(filter, ops));
  let looked = 0;
  try {
    for (const lane of lanes) {
      for await (const entry of walkRange(lane, ops, filter)) {
        const verdict = judge(entry, '');
        const isReadable = verdict.will !== 'stay' || verdict.why !== 'cannot be read';
        const customer = isReadable ? ops.customerOf(entry) : undefined;
        const rules = rulesOf(entry);
        const isOfNow = rules === ops.config.rules.get(destinationOf(entry))?.version;
        const isSentBefore = rules !== undefined && !isOfNow;
        tally.add(entry, verdict, customer, options.includeFailing ?? false, isSentBefore);
        looked += 1;
        if (looked % 100 === 0) progress.add(100);
        if (verdict.will !== 'go') continue;
        for (const { destination, deliveries } of verdict.moves) {
          // A worker died of it: mapping it may be what kills.
          if (entry.reason === 'poison') await questions.pass(destination, deliveries.length);
          else await questions.askFor(destination, deliveries);
        }
      }
    }
    const held = await questions.finish();
    const paces = new Map(
      destinations.map((settings) => [settings.name, paceOf(limitOf(settings, billingAccounts), pace)]),
    );
    return tally.result(held, paces);
  } finally {
    await questions.close();
  }
}

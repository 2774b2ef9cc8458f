import type { Program } from 'acorn';
import { type Ending, explore } from './explore.js';
import type { Fault } from './findings.js';
import type { Answer } from './machine.js';

const status = (code: number): Answer => ({ status: code, hasBody: true });

/** What an API may answer, by what has to follow. */
const ANSWERS = {
  refusal: [status(400), status(401), status(422)],
  outage: [status(429), status(500), status(503)],
  unreachable: ['unreachable' as const],
  empty: [{ status: 201, hasBody: false }],
} satisfies Record<string, Answer[]>;

/**
 * What a handler makes of the answers that are no success, found by going through its code with each of them.
 * @param line of its request
 */
export function judgeEndings(
  source: string,
  program: Program,
  handler: string,
  line: number,
  takesEmptyAnswers: boolean,
): Fault[] {
  const after = (answers: readonly Answer[]): Set<Ending> => {
    const ways = answers.flatMap((answer) => explore(source, program, handler, answer).ways);
    return new Set(ways.filter(({ requests }) => requests.length > 0).map(({ ending }) => ending));
  };
  const refusal = after(ANSWERS.refusal);
  const outage = after(ANSWERS.outage);
  const unreachable = after(ANSWERS.unreachable);
  const faults: Fault[] = [];
  const fault = (code: Fault['code'], what: string, cost: string) => faults.push({ code, line, what, cost });

  if (isOnly(refusal, 'success') && isOnly(outage, 'success')) {
    fault(
      'response_ignored',
      'the response is not looked at',
      'every event that was refused, and every one while the API was down or the limit was reached, was lost without a word',
    );
  } else {
    if (refusal.has('success')) {
      fault(
        'refusal_is_success',
        'an answer of 400, 401 or 422 counts as success',
        'every refused event was lost without a word, and all of them while the key was wrong',
      );
    }
    if (outage.has('success')) {
      fault(
        'outage_is_success',
        'an answer of 429 or 5xx counts as success',
        'every event while the API was down or the limit was reached was lost without a word',
      );
    }
  }
  if (refusal.has('repeated')) {
    fault(
      'refusal_is_repeated',
      'a refused event is sent again',
      'Segment sent it for four hours, at a price, and then dropped it',
    );
  }
  const dropped = [
    outage.has('dropped') && '429 or 5xx',
    unreachable.has('dropped') && 'no connection',
  ].filter(Boolean);
  if (dropped.length > 0) {
    fault(
      'outage_is_dropped',
      `${dropped.join(', ')}: what is thrown is no RetryError`,
      'Segment sends again upon a RetryError alone: what came meanwhile was dropped',
    );
  }
  if (takesEmptyAnswers && (after(ANSWERS.empty).has('repeated') || after(ANSWERS.empty).has('dropped'))) {
    fault(
      'empty_answer_fails',
      'an answer without a body, which may be a success, counts as a failure',
      'accepted events were sent again for four hours, or reported as lost',
    );
  }
  return faults;
}

function isOnly(endings: ReadonlySet<Ending>, ending: Ending): boolean {
  return endings.size === 1 && endings.has(ending);
}

import { type Answer, answerJson, isObject, parseJson, readCount } from './answer.js';
import { type ParsedFaults, parseFaults } from './parse-faults.js';
import type { Sandbox } from './sandbox.js';

/** The two APIs by the names that /inspect calls them. */
export type Inspected = Pick<Sandbox, 'lago' | 'hyperline'>;

const MAX_EVENTS = 10_000;

/** Answers /inspect and what is below it: what the sandbox holds and bills, and what it is told to do. */
export function answerInspect(
  apis: Inspected,
  { method, path, query, body }: { method: string; path: string; query: string; body: string },
): Answer {
  switch (`${method} ${path}`) {
    case 'GET /inspect':
      return inspect(apis, new URLSearchParams(query));
    case 'DELETE /inspect':
      apis.lago.reset();
      apis.hyperline.reset();
      return answerJson(200, { reset: true });
    case 'GET /inspect/faults':
      return answerFaults(apis);
    case 'GET /inspect/invoices':
      return answerJson(200, { lago: apis.lago.invoices() });
    case 'POST /inspect/close-periods':
      return closePeriods(apis, new URLSearchParams(query));
    case 'POST /inspect/faults':
      return setFaults(apis, body);
    case 'DELETE /inspect/faults':
      apis.lago.faults.clear();
      apis.hyperline.faults.clear();
      return answerFaults(apis);
    default:
      return answerJson(404, {
        error:
          'Here are /lago/api/v1, /hyperline/v1, /inspect, /inspect/faults, /inspect/invoices and /inspect/close-periods.',
      });
  }
}

function inspect(apis: Inspected, query: URLSearchParams): Answer {
  const asked = query.has('ages') ? 'ages' : 'events';
  const name = query.get(asked);
  if (name === null)
    return answerJson(200, { lago: apis.lago.inspect(), hyperline: apis.hyperline.inspect() });
  if (name !== 'lago' && name !== 'hyperline')
    return answerJson(400, { error: `${asked}: expected 'lago' or 'hyperline'` });
  const offset = readCount(query.get('offset'), 0);
  if (asked === 'ages') return answerJson(200, { offset, ages: apis[name].ledger.ages(offset) });
  const limit = Math.min(MAX_EVENTS, readCount(query.get('limit'), 100));
  return answerJson(200, {
    total: apis[name].ledger.size,
    offset,
    limit,
    events: apis[name].events(offset, limit),
  });
}

/** Replaces the faults of each API that is named; the other's stay. */
function setFaults(apis: Inspected, body: string): Answer {
  const parsed = parseJson(body);
  if (!parsed.ok || !isObject(parsed.value))
    return answerJson(400, { error: 'Expected JSON: { "lago": [fault], "hyperline": [fault] }' });
  const given = Object.entries(parsed.value);
  const read = given.map(([name, value]): ParsedFaults => {
    if (name === 'lago' || name === 'hyperline') return parseFaults(name, value);
    return { ok: false, problems: [`${name}: no such API`] };
  });
  const problems = read.flatMap((faults) => (faults.ok ? [] : faults.problems));
  if (problems.length > 0) return answerJson(400, { error: 'Faults refused, none set.', problems });
  given.forEach(([name], index) => {
    const faults = read[index]!;
    if (faults.ok) apis[name as keyof Inspected].faults.set(faults.faults);
  });
  return answerFaults(apis);
}

/** Lago bills now, instead of at the month's end: every subscription, or the one that the query names. */
function closePeriods({ lago }: Inspected, query: URLSearchParams): Answer {
  const closed = lago.closePeriods(query.get('external_subscription_id') ?? undefined);
  return answerJson(200, { closed, lago: lago.invoices() });
}

function answerFaults(apis: Inspected): Answer {
  return answerJson(200, { lago: apis.lago.faults.list(), hyperline: apis.hyperline.faults.list() });
}

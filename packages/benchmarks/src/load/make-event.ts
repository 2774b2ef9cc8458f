import type { LoadPlan } from './plan.js';

/**
 * The JSON of a track call of about 530 bytes, as in a real account: different in what differs there.
 * Written as text: the load generator shares the machine with what it measures.
 */
export function makeEventJson(
  tag: string,
  n: number,
  how: { atMs?: number; unmappable?: boolean } = {},
): string {
  const timestamp = new Date(how.atMs ?? FIRST_MS + (n % 60_000)).toISOString();
  const account = (n * 31) % 500;
  const user = (n * 7_919) % 5_000;
  const tokens = (n * 104_729) % 10_000;
  return (
    `{"type":"track","event":"API Call","messageId":"bench-${tag}-${n}-7136d74f-3c52-4f0a",` +
    `"userId":"user_${user}","timestamp":"${timestamp}","properties":{` +
    `"tokens":${how.unmappable ? `"${tokens} tokens"` : tokens},"model":"${MODELS[n % 3]}","subscription_id":"sub_${account}",` +
    `"email":"user.${user}@example.com","latency_ms":${(n * 37) % 2_000},"region":"${REGIONS[n % 2]}",` +
    `"endpoint":"/v1/completions","request_id":"req_${(n * 2_654_435_761) % 4_294_967_296}",` +
    `"stream":${n % 4 === 0},"feature":"chat"},` +
    `"context":{"groupId":"acct_${account}","ip":"203.0.113.7",` +
    `"library":{"name":"@segment/analytics-node","version":"3.1.0"}}}`
  );
}

/** What an account sends. Written on a load's command line. */
export const SHAPES = ['calls', 'large', 'mixed'] as const;
export type Shape = (typeof SHAPES)[number];

/** The JSON of a load's event `n`, in that shape. */
function makeJson(
  tag: string,
  n: number,
  how: { atMs?: number; unmappable?: boolean; shape?: Shape },
): string {
  if (how.shape === 'large') return makeLargeJson(tag, n);
  if (how.shape === 'mixed') return makeMixedJson(tag, n);
  return makeEventJson(tag, n, how);
}

const LARGE_BYTES = 8_192;
const PARAGRAPH = 'The customer asked, and the model answered \\"yes\\" – in full sentences. ';

/** A track call that carries text which is not billed, as prompts and answers are: 8 KB. */
function makeLargeJson(tag: string, n: number): string {
  const json = makeEventJson(tag, n);
  const missing = LARGE_BYTES - json.length - '"prompt":"",'.length;
  const prompt = PARAGRAPH.repeat(Math.ceil(missing / PARAGRAPH.length))
    .slice(0, missing)
    .replace(/\\$/, ' ');
  return json.replace('"properties":{', `"properties":{"prompt":"${prompt}",`);
}

/** Of twelve: six that a rule takes by its event's name, two pages, and one each of what no rule takes. */
const MIX = [
  'track',
  'page',
  'track',
  'identify',
  'track',
  'screen',
  'track',
  'page',
  'track',
  'group',
  'track',
  'alias',
];
const REPEATED_OF = 20;
const REPEATED_BEFORE = 10;

/** The event that `n` stands for: one of twenty is sent again, shortly after the first time. */
function originalOf(n: number): number {
  return n % REPEATED_OF === REPEATED_OF - 1 ? n - REPEATED_BEFORE : n;
}

/** Whether a rule of `mixedConfig` takes it: track calls and pages, two thirds. */
function isTaken(n: number): boolean {
  return MIX[n % MIX.length] === 'track' || MIX[n % MIX.length] === 'page';
}

/** How many different events of a mixed load are billed. */
export function countBilled(events: number): number {
  let billed = 0;
  for (let n = 0; n < events; n += 1) if (originalOf(n) === n && isTaken(n)) billed += 1;
  return billed;
}

/** The six kinds of calls as a real account has them: a third is not billed, and 5 % come twice. */
function makeMixedJson(tag: string, sent: number): string {
  const n = originalOf(sent);
  const type = MIX[n % MIX.length]!;
  const json = makeEventJson(tag, n);
  if (type === 'track') return json;
  const user = `user_${(n * 7_919) % 5_000}`;
  const named = json.replace('"type":"track","event":"API Call"', `"type":"${type}"`);
  if (type === 'page' || type === 'screen')
    return named.replace('"properties"', '"name":"Pricing","properties"');
  if (type === 'alias') return named.replace(/"properties":\{.*?\},/, `"previousId":"anonymous-${user}",`);
  const group = type === 'group' ? '"groupId":"acct_7",' : '';
  return named.replace('"properties"', `${group}"traits"`);
}

/** Of the request with the events from `first` on. */
export function makeBody(
  { tag, perRequest, unmappable, shape }: Pick<LoadPlan, 'tag' | 'perRequest' | 'unmappable' | 'shape'>,
  first: number,
  atMs?: number,
): string {
  const how = { unmappable, atMs, shape };
  if (perRequest === 1) return makeJson(tag, first, how);
  const batch = Array.from({ length: perRequest }, (_, n) => makeJson(tag, first + n, how));
  return `{"batch":[${batch.join(',')}]}`;
}

export function pathFor(perRequest: number): string {
  return perRequest === 1 ? '/v1/track' : '/v1/batch';
}

/** Live usage is of now: what is older than an hour is held against its period first. */
const FIRST_MS = Date.now() - 60_000;
const MODELS = ['small', 'medium', 'large'];
const REGIONS = ['eu-west-1', 'us-east-1'];

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

/** Of the request with the events from `first` on. */
export function makeBody(
  { tag, perRequest, unmappable = false }: { tag: string; perRequest: number; unmappable?: boolean },
  first: number,
  atMs?: number,
): string {
  const how = { unmappable, atMs };
  if (perRequest === 1) return makeEventJson(tag, first, how);
  const batch = Array.from({ length: perRequest }, (_, n) => makeEventJson(tag, first + n, how));
  return `{"batch":[${batch.join(',')}]}`;
}

export function pathFor(perRequest: number): string {
  return perRequest === 1 ? '/v1/track' : '/v1/batch';
}

/** Live usage is of now: what is older than an hour is held against its period first. */
const FIRST_MS = Date.now() - 60_000;
const MODELS = ['small', 'medium', 'large'];
const REGIONS = ['eu-west-1', 'us-east-1'];

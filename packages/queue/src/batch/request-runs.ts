import type { RequestRef } from '@meterbridge/segment-events';

/** Deliveries in a row that one request brought; an unknown one where `request` is left out. */
export type RequestRun = { request?: RequestRef; count: number };

/** An id that a receiver makes: a tag of its process and a counter, both in base 36. */
const MADE = /^([0-9a-z]{6})-([0-9a-z]{1,9})$/;

/** A trace parent of this version, sampled. */
const SAMPLED = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;
const TRACE_ID_BYTES = 16;

/** Of a run's count and what stands around its id. */
const RUN_BYTES = 8;

/** The requests of a batch while it is put together, in the order of its deliveries. */
export class RequestRuns {
  private readonly runs: RequestRun[] = [];
  private last: RequestRun | undefined;
  private size = 0;

  /** What they take at most, written. */
  get bytes(): number {
    return this.size;
  }

  add(request: RequestRef | undefined, count: number): void {
    if (this.last && isSame(this.last.request, request)) this.last.count += count;
    else {
      this.last = { request, count };
      this.runs.push(this.last);
      this.size += RUN_BYTES + (request?.id.length ?? 0) + (request?.traceparent?.length ?? 0);
    }
  }

  /** Undefined where no request is known. */
  encode(): string | undefined {
    return this.runs.some(({ request }) => request) ? encodeRuns(this.runs) : undefined;
  }
}

function isSame(one: RequestRef | undefined, other: RequestRef | undefined): boolean {
  return one === other || (one?.id === other?.id && one?.traceparent === other?.traceparent);
}

/**
 * Writes runs as tokens with spaces in between:
 * `[<times>^][<count>*]<step>`: an id of the same process as the last one, its counter so much further; so many times
 * `[<count>*]~<UUID>`, `[<count>*]#<32 hexadecimal digits>`: what proxies usually make, in base64
 * `[<count>*]=<id>`: any other id; an empty one where no request is known
 * `@<trace parent>`: of the run before, in base64.
 * Numbers are in base 36. Ids hold no space (see `readRequestId`).
 */
function encodeRuns(runs: readonly RequestRun[]): string {
  const tokens: string[] = [];
  let made: MadeId | null = null;
  let repeated = { token: '', times: 0 };
  const push = (token: string) => {
    if (repeated.times > 1) tokens[tokens.length - 1] = `${repeated.times.toString(36)}^${repeated.token}`;
    repeated = { token: '', times: 0 };
    if (token !== '') tokens.push(token);
  };
  for (const { request, count } of runs) {
    const counted = count === 1 ? '' : `${count.toString(36)}*`;
    const next: MadeId | null = request ? readMade(request.id) : null;
    const trace = request?.traceparent && packTrace(request.traceparent);
    if (made && next?.tag === made.tag) {
      const token = `${counted}${(next.counter - made.counter).toString(36)}`;
      if (token === repeated.token) repeated.times += 1;
      else {
        push(token);
        repeated = { token, times: 1 };
      }
    } else push(`${counted}${packId(request?.id ?? '')}`);
    if (trace) push(`@${trace}`);
    made = next ?? made;
  }
  push('');
  return tokens.join(' ');
}

const TOKEN = /^(?:([0-9a-z]+)\^)?(?:([0-9a-z]+)\*)?(?:([=~#].*)|(-?[0-9a-z]+))$/;

/** Reads what `encode` has written. What it cannot read is left out: no delivery waits for that. */
export function decodeRuns(text: string): RequestRun[] {
  const runs: RequestRun[] = [];
  let made: MadeId | null = null;
  for (const token of text.split(' ')) {
    const last = runs.at(-1);
    if (token.startsWith('@')) {
      if (last?.request) last.request.traceparent = unpackTrace(token.slice(1));
      continue;
    }
    const [, times = '1', counted = '1', packed, step = '0'] = TOKEN.exec(token) ?? [];
    const count = Number.parseInt(counted, 36);
    if (packed !== undefined) {
      const id = unpackId(packed);
      runs.push({ request: id === '' ? undefined : { id }, count });
      made = readMade(id) ?? made;
      continue;
    }
    for (let left = Number.parseInt(times, 36); made && left > 0; left--) {
      made = { ...made, counter: made.counter + Number.parseInt(step, 36) };
      runs.push({ request: { id: `${made.tag}-${made.counter.toString(36)}` }, count });
    }
  }
  return runs;
}

/** The requests of the first deliveries of a batch, each once. */
export function requestsOf(text: string | undefined, deliveries: number): RequestRef[] {
  const found = new Map<string, RequestRef>();
  let at = 0;
  for (const { request, count } of text === undefined ? [] : decodeRuns(text)) {
    if (at >= deliveries) break;
    if (request) found.set(request.id, request);
    at += count;
  }
  return [...found.values()];
}

const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/;
const HEX = /^[0-9a-f]{32}$/;

function packId(id: string): string {
  if (UUID.test(id)) return `~${toBase64(id.replaceAll('-', ''))}`;
  return HEX.test(id) ? `#${toBase64(id)}` : `=${id}`;
}

function unpackId(packed: string): string {
  const text = packed.slice(1);
  if (packed.startsWith('=')) return text;
  const hex = toHex(text);
  return packed.startsWith('~') ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : hex;
}

function toBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64url');
}

function toHex(base64: string): string {
  return Buffer.from(base64, 'base64url').toString('hex');
}

type MadeId = { tag: string; counter: number };

/** Null for an id that would not be written the same way again. */
function readMade(id: string): MadeId | null {
  const [, tag, digits] = MADE.exec(id) ?? [];
  if (tag === undefined || digits === undefined) return null;
  const counter = Number.parseInt(digits, 36);
  return counter.toString(36) === digits ? { tag, counter } : null;
}

/** Undefined for one that is not sampled: what would hang on it is not kept. */
function packTrace(traceparent: string): string | undefined {
  const [, trace, span] = SAMPLED.exec(traceparent) ?? [];
  return trace && span && toBase64(`${trace}${span}`);
}

function unpackTrace(packed: string): string {
  const hex = toHex(packed);
  return `00-${hex.slice(0, 2 * TRACE_ID_BYTES)}-${hex.slice(2 * TRACE_ID_BYTES)}-01`;
}

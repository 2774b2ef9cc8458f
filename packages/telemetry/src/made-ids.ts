import { randomBytes, randomInt } from 'node:crypto';

const TAG_LENGTH = 6;

/** Of this process: two that run at once have the same one in one case of two thousand million. */
const processTag = randomInt(36 ** TAG_LENGTH)
  .toString(36)
  .padStart(TAG_LENGTH, '0');
const traceTag = randomBytes(8).toString('hex');
let ids = 0;
let traces = 0;

/** Names a request or an attempt: a tag of this process and a counter. Unique, and short, since jobs keep it. */
export function nextId(): string {
  ids += 1;
  return `${processTag}-${ids.toString(36)}`;
}

/** A W3C `traceparent` for a request that came without one; not sampled. */
export function nextTraceparent(): string {
  traces += 1;
  const counter = traces.toString(16).padStart(16, '0');
  return `00-${traceTag}${counter}-${counter}-00`;
}

const REQUEST_ID = /^[!-~]{1,64}$/;

/** An `X-Request-Id` as it was sent; undefined where it is none, or longer than 64 characters, since each waiting event may cost as much,, or not visible ASCII. */
export function readRequestId(given: string | undefined): string | undefined {
  return given !== undefined && REQUEST_ID.test(given) ? given : undefined;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ZEROS = /^0+$/;

/** A `traceparent` as W3C Trace Context has it; undefined for any other text. */
export function readTraceparent(given: string | undefined): string | undefined {
  const [, version, trace, span, more] = TRACEPARENT.exec(given ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return ZEROS.test(trace!) || ZEROS.test(span!) ? undefined : given;
}

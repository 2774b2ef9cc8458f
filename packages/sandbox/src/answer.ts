/** A request as the APIs see it: the body read whole, the path as the real host would see it. */
export type ApiRequest = {
  method: string;
  path: string;
  query: string;
  authorization: string | undefined;
  contentType: string | undefined;
  body: string;
};

/** What an API answers. `body` is sent as it stands, as JSON unless `content-type` (so spelt) says otherwise. */
export type Answer = { status: number; headers?: Record<string, string>; body: string };

/** An answer with a JSON body. */
export function answerJson(status: number, body: unknown, headers?: Record<string, string>): Answer {
  return headers === undefined
    ? { status, body: JSON.stringify(body) }
    : { status, headers, body: JSON.stringify(body) };
}

export type ParsedBody = { ok: true; value: unknown } | { ok: false };

/** JSON or not; never throws. */
export function parseJson(text: string): ParsedBody {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

/** True for a JSON object, which an array is not. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A positive whole number of a query string, or the fallback. */
export function readCount(text: string | null, fallback: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : fallback;
}

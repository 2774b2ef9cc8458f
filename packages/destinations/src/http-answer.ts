/**
 * What came of one HTTP request, as plain data for a destination's pure `classify`.
 * Header names are in lower case. `oversized` is an answer whose body passed the client's limit: it was
 * dropped unread, so nobody knows what it said.
 */
export type HttpAnswer =
  | { status: number; headers: Record<string, string | undefined>; body: string }
  | { error: 'timeout' | 'connection' | 'oversized'; detail: string };

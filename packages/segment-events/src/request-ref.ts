/** The HTTP request that brought an event. Shared by all events of the request. */
export type RequestRef = {
  /** The sender's `X-Request-Id`, or the one that the receiver made. */
  id: string;
  /** W3C Trace Context of the span that stored the event; only where a trace of it is kept (`sampled`). */
  traceparent?: string;
};

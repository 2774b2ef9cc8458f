/** What a span tells, by the names of OpenTelemetry's semantic conventions. Never a payload, a key or a person. */
export type Attributes = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export type SpanOptions = {
  kind: 'server' | 'client' | 'producer' | 'consumer';
  /** W3C trace context; a trace of its own where left out. */
  parent?: string;
  tracestate?: string;
  /** W3C trace context of spans that it belongs to as well. */
  links?: readonly string[];
  attributes?: Attributes;
  /** Epoch milliseconds; now where left out. */
  startedAtMs?: number;
};

/** What one stage took, and what came of it. */
export type Span = {
  /** W3C trace context, for what follows from it. */
  readonly traceparent: string;
  /** Whether it is kept. */
  readonly isSampled: boolean;
  /** @param error in a word, where it failed */
  end(attributes?: Attributes, error?: string): void;
};

/** Follows an event through the processes. */
export type Tracer = {
  /** Where it is off, nothing has to be worked out for a span. */
  readonly isOn: boolean;
  /** Null where tracing is off. */
  start(name: string, options: SpanOptions): Span | null;
  /** Hands over what is left, for two seconds at most. */
  close(): Promise<void>;
};

/** Traces nothing. */
export const NO_TRACER: Tracer = { isOn: false, start: () => null, close: async () => {} };

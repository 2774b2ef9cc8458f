import type { IncomingHttpHeaders } from 'node:http';
import type { Source } from '@meterbridge/config';
import type { CallType, RequestRef, SegmentBody, Way } from '@meterbridge/segment-events';
import type { Answer } from '../http/answer.js';
import type { Attribution } from './attribute-events.js';

/** One way for events to come in: which URLs, whose the events are, and how that is proved. */
export type SourceKind = {
  /** How its events come, and what follows from it. */
  way: Way;
  /** The methods that its routes take. */
  methods: readonly string[];
  /** The route of a path, without its query; null for a path of another kind. */
  findRoute: (path: string) => Route | null;
  /** Built once over all sources of the configuration. */
  openAccess: (sources: readonly Source[]) => Access;
};

/** Where a request goes. */
export type Route = {
  kind: SourceKind;
  /** Names the route in metrics. */
  label: string;
  /** The type that a single event takes, whatever it says itself. */
  callType?: CallType;
  /** The source that the path names. */
  source?: string;
};

/** A request whose body is read and decompressed. */
export type EventRequest = {
  route: Route;
  headers: IncomingHttpHeaders;
  rawBody: Buffer;
  /** Epoch milliseconds. */
  receivedAtMs: number;
  request?: RequestRef;
};

/** Whose a request says that it is. */
export type Claim = {
  /** The source that its URL or headers prove, if any. */
  source: Source | undefined;
  /** Whether a secret that only servers hold proves all of its events; a write key is public in browsers. */
  isServers: boolean;
};

/** Whose a request and its events are. */
export type Access = {
  /** Asked before the body is parsed: the source that URL or headers prove, if any, or the answer to a refused one. */
  authorize: (request: EventRequest) => Claim | { refused: Answer };
  /** Asked with the parsed body: whose each of its events is, or the answer to a body that is nobody's. */
  attribute: (body: SegmentBody, source: Source | undefined) => Attribution | { refused: Answer };
};

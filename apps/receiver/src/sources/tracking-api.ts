import type { Source } from '@meterbridge/config';
import { type CallType, DIRECT } from '@meterbridge/segment-events';
import { failure } from '../http/answer.js';
import { attributeEvents } from './attribute-events.js';
import type { Access, Route, SourceKind } from './source-kind.js';
import { indexWriteKeys, readAuthorization } from './write-keys.js';

/** Segment's HTTP API: a write key, in the header, in the body or in its events, says whose each event is. */
export const TRACKING_API: SourceKind = {
  way: DIRECT,
  methods: ['POST'],
  findRoute: (path) => routes.get(path) ?? null,
  openAccess,
};

// Segment's HTTP API, and the one-letter paths of analytics.js.
const PATHS: Record<string, CallType | undefined> = {
  batch: undefined,
  b: undefined,
  import: undefined,
  track: 'track',
  t: 'track',
  identify: 'identify',
  i: 'identify',
  page: 'page',
  p: 'page',
  screen: 'screen',
  s: 'screen',
  group: 'group',
  g: 'group',
  alias: 'alias',
  a: 'alias',
};

/** One look-up instead of a chain of patterns: a client that sends events one by one asks for each of them. */
const routes = new Map<string, Route>();
for (const [path, callType] of Object.entries(PATHS)) {
  const route: Route = { kind: TRACKING_API, label: `/v1/${path}`, callType };
  routes.set(`/v1/${path}`, route);
  // The mobile libraries and C# append to a host that is meant to end in /v1 and often does not.
  routes.set(`/${path}`, route);
}

const UNAUTHORIZED = failure(401, 'unauthorized', 'the write key is missing or not one of this installation');

function openAccess(sources: readonly Source[]): Access {
  const findSource = indexWriteKeys(sources);
  return {
    authorize({ headers }) {
      const writeKey = readAuthorization(headers.authorization);
      return { source: writeKey === undefined ? undefined : findSource(writeKey), isServers: false };
    },
    attribute: (body, headerSource) =>
      attributeEvents(body, headerSource, findSource) ?? { refused: UNAUTHORIZED },
  };
}

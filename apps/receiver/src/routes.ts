import type { CallType } from '@meterbridge/segment-events';

/** Where a request goes; `label` names the route in metrics. */
export type Route =
  | { kind: 'tracking'; label: string; callType?: CallType; methods: readonly string[] }
  | { kind: 'webhook'; label: string; source: string; methods: readonly string[] };

// Segment's HTTP API, and the one-letter paths of analytics.js.
const TRACKING_PATHS: Record<string, CallType | undefined> = {
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
const TRACKING_METHODS = ['POST'];
const WEBHOOK_METHODS = ['POST', 'PUT', 'PATCH'];
const WEBHOOK_PREFIX = '/webhooks/segment/';

const trackingRoutes = new Map<string, Route>();
for (const [path, callType] of Object.entries(TRACKING_PATHS)) {
  const route: Route = { kind: 'tracking', label: `/v1/${path}`, methods: TRACKING_METHODS };
  if (callType) route.callType = callType;
  trackingRoutes.set(`/v1/${path}`, route);
  // The mobile libraries and C# append to a host that is meant to end in /v1 and often does not.
  trackingRoutes.set(`/${path}`, route);
}

/**
 * The route of a URL that takes events, or null. One look-up instead of a chain of patterns: this runs
 * for every event of a client that sends them one by one.
 */
export function findRoute(url: string): Route | null {
  const path = pathOf(url);
  const tracking = trackingRoutes.get(path);
  if (tracking) return tracking;
  if (!path.startsWith(WEBHOOK_PREFIX)) return null;
  const source = decode(path.slice(WEBHOOK_PREFIX.length));
  return source === null
    ? null
    : { kind: 'webhook', label: `${WEBHOOK_PREFIX}:source`, source, methods: WEBHOOK_METHODS };
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function decode(segment: string): string | null {
  try {
    return segment === '' || segment.includes('/') ? null : decodeURIComponent(segment);
  } catch {
    return null;
  }
}

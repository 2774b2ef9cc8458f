import { type DestinationSettings, kindOf, type Webhooks } from '@meterbridge/destinations';
import { pathOf } from '../http/routes.js';

/** What is sent by the API of a destination, and not to it. */
export type WebhookRoute = {
  /** Names the route in metrics. */
  label: string;
  /** As the path names them: of the API, and of the destination. */
  type: string;
  destination: string;
};

export const WEBHOOK_METHODS = ['POST'];

const LABEL = '/v1/:type/:destination/webhooks';
const PATH = /^\/v1\/([\w-]+)\/([^/]+)\/webhooks$/;

/** The route of a URL to which a destination's API sends its webhooks, or null. */
export function findWebhookRoute(url: string): WebhookRoute | null {
  const found = PATH.exec(pathOf(url));
  return found ? { label: LABEL, type: found[1]!, destination: found[2]! } : null;
}

/** Finds what reads the webhooks of a route; null where its destination takes none. */
export type FindWebhooks = (route: WebhookRoute) => Webhooks | null;

/** Opens them for all destinations that have a key for them. */
export function openWebhooks(destinations: readonly DestinationSettings[]): FindWebhooks {
  const byPath = new Map<string, Webhooks>();
  for (const settings of destinations) {
    const webhooks = kindOf(settings.type).openWebhooks?.(settings);
    if (webhooks) byPath.set(`${settings.type}/${settings.name}`, webhooks);
  }
  return ({ type, destination }) => byPath.get(`${type}/${destination}`) ?? null;
}

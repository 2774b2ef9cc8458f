import type { DestinationSettings } from './kinds.js';

/** What tells one billing account from another. */
type Reached = Pick<DestinationSettings, 'name' | 'type' | 'url' | 'apiKey'>;

/**
 * The billing account of each destination: one type, URL and key is one account, whatever they are called here. It
 * has the name of the first destination of it, so that a rotated key changes no name in Redis. Pure.
 * @returns accounts' names by destinations' names
 */
export function billingAccounts(destinations: readonly Reached[]): Map<string, string> {
  const nameOf = new Map<string, string>();
  return new Map(
    destinations.map((destination) => {
      const { name, type, url, apiKey } = destination;
      // Stays in this function: it holds the key.
      const identity = JSON.stringify([type, normalize(url), apiKey]);
      const account = nameOf.get(identity) ?? name;
      nameOf.set(identity, account);
      return [name, account];
    }),
  );
}

/** Origin and path, as the schema accepts them: the origin in lower case without its default port, no slash at the end. */
function normalize(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, '');
}

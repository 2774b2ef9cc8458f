import { SOURCE_KINDS } from '../sources/kinds.js';
import type { Route } from '../sources/source-kind.js';

/** The route of a URL that takes events, or null. */
export function findRoute(url: string): Route | null {
  const path = pathOf(url);
  for (const kind of SOURCE_KINDS) {
    const route = kind.findRoute(path);
    if (route) return route;
  }
  return null;
}

/** The path of a URL, without a slash at its end. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

import type { IncomingHttpHeaders } from 'node:http';

/** A header's value, of several the first. @param name in lower case */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

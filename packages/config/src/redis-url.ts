import { readRedisAddress } from '@meterbridge/redis-connection';
import * as z from 'zod';

/** Where Redis is: one server, Sentinels, or a Redis Cluster. */
export const redisUrlSchema = z.string().superRefine((text, context) => {
  const read = readRedisAddress(text);
  if (!read.ok) context.addIssue({ code: 'custom', message: read.problem });
});

/** The passwords in such a URL, as they are written and as they are meant. */
export function passwordsIn(url: string): string[] {
  // To the last @: one in the password may stand there as it is.
  const login = /^[\w-]+:\/\/[^@/?#:]*:([^/?#]*)@/.exec(url)?.[1];
  const sentinel = /[?&]sentinelPassword=([^&]*)/.exec(url)?.[1];
  return [login, sentinel].flatMap((password) => (password ? [password, decode(password)] : []));
}

function decode(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

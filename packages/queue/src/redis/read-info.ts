import { redisTroubleOf } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';

/** Fields of a server's INFO by name; undefined for one that it does not tell. */
export type InfoFields = (name: string) => string | undefined;

/** Asks a server for its INFO. One whose user may not ask it tells nothing. Throws else as the client does. */
export async function readInfo(server: Redis, section?: string): Promise<InfoFields> {
  const text = await (section === undefined ? server.info() : server.info(section)).catch((error) => {
    if (redisTroubleOf(error) === 'permission') return '';
    throw error;
  });
  return (name) => new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]?.trim();
}

import type { Redis } from 'ioredis';

/**
 * What is different in bottleneck's scripts here, as [its words, ours]. Written for 2.19.5, which is pinned;
 * its release of 2020 is the last.
 */
const IN_EVERY_SCRIPT: [string, string] = [
  // Each process passes its own time: one whose clock is ahead would take nearly all permits.
  'local now = tonumber(ARGV[1])',
  "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + time[2] / 1000",
];
const IN_REGISTER: [string, string] = [
  // Slots that are handed out and not used yet are all there can be between now and the next one; two more
  // for timers that fire early. Further away it is only after a failover to a Redis whose clock is behind.
  'local nextRequest = tonumber(settings[1])',
  "local nextRequest = math.min(tonumber(settings[1]), now + (state['running'] + 2) * tonumber(settings[2]))",
];

/** Makes a client run bottleneck's scripts by Redis' clock. */
export function runByRedisTime(client: Redis): Redis {
  const define = client.defineCommand.bind(client);
  // Bottleneck's only way to hand over a script.
  client.defineCommand = (name, definition) => {
    let lua = replaceOnce(definition.lua, IN_EVERY_SCRIPT);
    if (name === 'register') lua = replaceOnce(lua, IN_REGISTER);
    define(name, { ...definition, lua });
  };
  return client;
}

function replaceOnce(lua: string, [from, to]: [string, string]): string {
  if (lua.split(from).length !== 2) throw new Error(`bottleneck's scripts are not those of 2.19.5: ${from}`);
  return lua.replace(from, () => to);
}

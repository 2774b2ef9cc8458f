import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { connectConsumer, connectProducer } from '@meterbridge/redis-connection';
import { useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { type ScriptedSentinel, startScriptedSentinel } from './scripted-sentinel.js';

const suite = useRedis();
let sentinel: ScriptedSentinel;
let client: Redis | undefined;

beforeEach(async () => {
  sentinel = await startScriptedSentinel(Number(new URL(suite.url).port));
});

afterEach(async () => {
  client?.disconnect();
  await sentinel.close();
});

const clients: [string, (url: string) => Redis][] = [
  ['a consumer', (url) => connectConsumer(url, () => {})],
  ['a producer', (url) => connectProducer(url, () => {})],
];

test.each(clients)(
  '%s that is told of another master while it asks for one goes on with it',
  async (_what, connect) => {
    const opened = connect(`redis-sentinel://127.0.0.1:${sentinel.port}/billing`);
    client = opened;
    await waitFor(() => sentinel.listeners.size > 0, { what: 'a client that listens to the Sentinel' });
    await waitFor(() => opened.status === 'ready', { what: 'a connection' });
    const id = await opened.client('ID');

    sentinel.hold(true);
    await suite.connect().client('KILL', 'ID', String(id));
    await waitFor(() => sentinel.asking.size > 0, { what: 'the question for the master' });
    sentinel.tellSwitch();
    // Whoever heeds it has left by then; whoever no longer listens does not.
    await waitFor(() => sentinel.listeners.size === 0, { what: 'nobody to listen any more' });
    sentinel.hold(false);

    await waitFor(() => opened.status === 'ready', { what: 'a new connection' });
    expect(await opened.ping()).toBe('PONG');
  },
);

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startLocalRedis, startSentinel } from '@meterbridge/local-redis';
import { type TlsFiles, withTlsFiles } from '@meterbridge/redis-connection';
import { findFreePort, useCertificates, useClosing, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { connectConsumer, connectProducer } from '../src/index.js';

const certificates = useCertificates();
const closing = useClosing();

/** A server that wants a certificate of its clients, and talks in the open to this test alone. */
async function startTls(more: Record<string, string> = {}) {
  const tlsPort = await findFreePort();
  const server = await startLocalRedis({
    dataDir: await mkdtemp(join(tmpdir(), 'meterbridge-test-redis-tls-')),
    ephemeral: true,
    settings: { ...tlsSettings(tlsPort), ...more },
  });
  closing.push(() => server.stop());
  return { tlsPort, url: server.url };
}

function tlsSettings(tlsPort: number): Record<string, string> {
  const { caFile, certFile, keyFile } = certificates;
  return {
    'tls-port': String(tlsPort),
    'tls-ca-cert-file': caFile,
    'tls-cert-file': certFile,
    'tls-key-file': keyFile,
    'tls-auth-clients': 'yes',
  };
}

async function startOne(): Promise<string> {
  return `rediss://127.0.0.1:${(await startTls()).tlsPort}`;
}

async function startCluster(): Promise<string> {
  const { tlsPort, url } = await startTls({
    'cluster-enabled': 'yes',
    'cluster-announce-ip': '127.0.0.1',
    'tls-cluster': 'yes',
  });
  const node = connectConsumer(url, () => {});
  closing.push(() => node.disconnect());
  await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor(async () => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
    what: 'the cluster',
  });
  return `rediss-cluster://127.0.0.1:${tlsPort}`;
}

async function startSentinels(): Promise<string> {
  const { tlsPort } = await startTls();
  const sentinelPort = await findFreePort();
  const sentinel = await startSentinel({
    dataDir: await mkdtemp(join(tmpdir(), 'meterbridge-test-sentinel-tls-')),
    port: await findFreePort(),
    masterName: 'billing',
    masterPort: tlsPort,
    quorum: 1,
    downAfterMs: 10_000,
    settings: { ...tlsSettings(sentinelPort), 'tls-replication': 'yes' },
  });
  closing.push(() => sentinel.stop());
  return `rediss-sentinel://127.0.0.1:${sentinelPort}/billing`;
}

const kinds: [string, () => Promise<string>][] = [
  ['one server', startOne],
  ['a cluster', startCluster],
  ['Sentinels', startSentinels],
];

function own(): TlsFiles {
  const { caFile, certFile, keyFile } = certificates;
  return { caFile, certFile, keyFile };
}

test.each(kinds)('%s: a CA of our own, and a certificate that is shown', async (_kind, start) => {
  const url = withTlsFiles(await start(), own());
  for (const connect of [connectConsumer, connectProducer]) {
    const client: Redis = connect(url, () => {});
    closing.push(() => client.disconnect());
    await waitFor(() => client.status === 'ready', { what: 'a client that is ready' });
    await client.set('a', connect.name);
    expect(await client.get('a')).toBe(connect.name);
  }
});

test.each<[string, (files: TlsFiles) => TlsFiles, RegExp]>([
  ['another CA', (files) => ({ ...files, caFile: certificates.otherCaFile }), /verify|self.signed/],
  ['no certificate to show', ({ caFile }) => ({ caFile }), /certificate required|ECONNRESET|EPIPE/],
  ['another name', (files) => ({ ...files, serverName: 'redis.internal' }), /does not match/],
])('%s: no connection, and the reason is told', async (_what, change, reason) => {
  const errors: string[] = [];
  const client = connectConsumer(withTlsFiles(await startOne(), change(own())), ({ message }) =>
    errors.push(message),
  );
  closing.push(() => client.disconnect());
  expect(await waitFor(() => errors.find((each) => reason.test(each)), { what: 'the reason' })).toBeTruthy();
  expect(client.status).not.toBe('ready');
});

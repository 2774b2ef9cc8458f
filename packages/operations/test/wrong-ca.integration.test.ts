import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { expect, test } from '@jest/globals';
import { useCertificates, useClosing } from '@meterbridge/testing';
import { openRedis } from '../src/connect.js';

const certificates = useCertificates();
const closing = useClosing();

test('a Redis whose certificate is by another CA is one sentence, with the reason', async () => {
  const { certFile, keyFile, otherCaFile } = certificates;
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `rediss://user:hunter2@127.0.0.1:${port}?caFile=${encodeURIComponent(otherCaFile)}`;
  const error = await openRedis(url).catch((error: Error) => error);
  expect(error).toMatchObject({
    code: 'redis_unreachable',
    message: expect.stringMatching(
      /^Redis does not answer at .*\((unable to verify|self.signed).*\)\. Is it running\? .*$/,
    ),
  });
  expect((error as Error).message).not.toContain('hunter2');
});

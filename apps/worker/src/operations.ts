import type { AddressInfo } from 'node:net';
import type { Metrics } from '@meterbridge/telemetry';
import express from 'express';

/** What an orchestrator and Prometheus ask a worker. */
export async function startOperations(
  port: number,
  deps: { ready: () => { ready: boolean; reason: string }; metrics: Metrics },
): Promise<{ port: number; close(): Promise<void> }> {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_req, res) => {
    res.json({ success: true });
  });
  app.get('/readyz', (_req, res) => {
    const { ready, reason } = deps.ready();
    if (ready) res.json({ success: true });
    else res.status(503).json({ success: false, code: 'not_ready', message: reason });
  });
  app.get('/metrics', async (_req, res) => {
    const { contentType, text } = await deps.metrics.render();
    res.type(contentType).send(text);
  });
  const server = app.listen(port, '0.0.0.0');
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

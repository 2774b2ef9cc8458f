import type { AddressInfo } from 'node:net';
import express from 'express';
import { createHealthHandlers, type HealthDeps } from './health-handlers.js';

/** What an orchestrator and Prometheus ask a process that serves nobody else, on a port of its own; 0 for any. */
export async function startOperations(
  port: number,
  deps: HealthDeps,
): Promise<{ port: number; close(): Promise<void> }> {
  const app = express();
  app.disable('x-powered-by');
  for (const [path, answer] of Object.entries(createHealthHandlers(deps))) app.get(path, answer);
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

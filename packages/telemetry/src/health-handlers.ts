import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rendered } from './create-metrics.js';

/** A process's state as its orchestrator and Prometheus ask for it. */
export type HealthDeps = {
  ready: () => Readiness | Promise<Readiness>;
  metrics: { render(): Promise<Rendered> };
  /** Names the configuration that the process runs now. */
  config: () => string;
};

/** Whether a process can do its work now; `reason` is told where it cannot. */
export type Readiness = { ready: boolean; reason?: string };

/** Answers one request; rejects where the state cannot be read. */
export type HealthHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

const JSON_TYPE = 'application/json; charset=utf-8';

/** The routes that every process answers beside its work, by path. */
export function createHealthHandlers({ ready, metrics, config }: HealthDeps): Record<string, HealthHandler> {
  return {
    '/healthz': async (_req, res) =>
      send(res, 200, JSON_TYPE, JSON.stringify({ status: 'ok', config: config() })),
    '/readyz': async (_req, res) => {
      const readiness = await ready();
      if (readiness.ready) return send(res, 200, JSON_TYPE, '{"status":"ready"}');
      const message = readiness.reason ?? 'not ready';
      const body = JSON.stringify({ success: false, code: 'not_ready', message, error: message });
      send(res, 503, JSON_TYPE, body);
    },
    '/metrics': async (_req, res) => {
      const { contentType, text } = await metrics.render();
      send(res, 200, contentType, text);
    },
  };
}

function send(res: ServerResponse, status: number, contentType: string, body: string): void {
  res.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

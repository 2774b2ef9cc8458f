import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP has it in JSON, its attributes by name. */
export type ReceivedSpan = {
  service: unknown;
  name: string;
  /** OTLP: 2 server, 3 client, 4 producer. */
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  links: { traceId: string; spanId: string }[];
  attributes: Record<string, unknown>;
  isError: boolean;
};

export type Collector = {
  url: string;
  spans: ReceivedSpan[];
  /** Of what was posted, whether answered or not. */
  contentTypes: string[];
  close(): Promise<void>;
};

type Value = { stringValue?: string; intValue?: number | string; arrayValue?: { values: Value[] } };
type Attributes = { key: string; value: Value }[];

/** An OTLP receiver over HTTP on loopback. @param isSilent it takes what comes and never answers */
export async function startCollector({ isSilent = false } = {}): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const contentTypes: string[] = [];
  const server: Server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    contentTypes.push(req.headers['content-type'] ?? '');
    if (isSilent) return;
    spans.push(...readSpans(JSON.parse(Buffer.concat(chunks).toString())));
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    contentTypes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Exported = {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: {
      spans: (Omit<ReceivedSpan, 'attributes' | 'service'> & {
        attributes: Attributes;
        status?: { code?: number };
      })[];
    }[];
  }[];
};

function readSpans({ resourceSpans }: Exported): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map(
        ({ name, kind, traceId, spanId, parentSpanId = '', links = [], attributes, status }) => ({
          service: readAttributes(resource.attributes)['service.name'],
          name,
          kind,
          traceId,
          spanId,
          parentSpanId,
          links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
          attributes: readAttributes(attributes),
          isError: status?.code === 2,
        }),
      ),
    ),
  );
}

function readAttributes(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]));
}

function readValue({ stringValue, intValue, arrayValue }: Value): unknown {
  if (arrayValue) return arrayValue.values.map(readValue);
  return stringValue ?? Number(intValue);
}

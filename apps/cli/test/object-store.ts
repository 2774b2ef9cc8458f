import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Stands in for a store that speaks S3, as far as backfill asks one: lists by pages of two, and objects by their ETag. It
 * checks no signature; a real store does.
 */
export type ObjectStoreStandIn = {
  url: string;
  objects: Map<string, Buffer>;
  /** Keys that are cut off after so many bytes. */
  cutAfter: Map<string, number>;
  /** Paths that were asked for, in order. */
  asked: string[];
  close(): void;
};

const PAGE = 2;

/** Starts a store with one bucket, `archive`; every other one is refused. */
export async function startObjectStore(): Promise<ObjectStoreStandIn> {
  const objects = new Map<string, Buffer>();
  const cutAfter = new Map<string, number>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://store');
    const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? [];
    asked.push(key === '' ? `list ${searchParams.get('continuation-token') ?? 'first'}` : key);
    const refuse = (status: number, code: string) =>
      response
        .writeHead(status, { 'content-type': 'application/xml' })
        .end(`<Error><Code>${code}</Code><Message>no: ${code}</Message></Error>`);
    if (bucket !== 'archive') return refuse(403, 'AccessDenied');
    if (key === '') return response.end(listPage(objects, searchParams));
    const body = objects.get(key);
    if (!body) return refuse(404, 'NoSuchKey');
    const etag = etagOf(body);
    if ((request.headers['if-match'] ?? etag) !== etag) return refuse(412, 'PreconditionFailed');
    response.writeHead(200, { etag, 'content-length': body.length });
    const most = cutAfter.get(key);
    if (most === undefined) response.end(body);
    else response.write(body.subarray(0, most), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    cutAfter,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function listPage(objects: ReadonlyMap<string, Buffer>, asked: URLSearchParams): string {
  const keys = [...objects.keys()].filter((key) => key.startsWith(asked.get('prefix') ?? '')).toSorted();
  const from = Number(asked.get('continuation-token') ?? 0);
  const contents = keys.slice(from, from + PAGE).map((key) => {
    const body = objects.get(key)!;
    return `<Contents><Key>${key}</Key><Size>${body.length}</Size><ETag>${etagOf(body)}</ETag></Contents>`;
  });
  const next = from + PAGE;
  const more =
    next < keys.length
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`
      : '<IsTruncated>false</IsTruncated>';
  return `<?xml version="1.0"?><ListBucketResult>${more}${contents.join('')}</ListBucketResult>`;
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

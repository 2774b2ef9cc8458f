import type { S3Client } from '@aws-sdk/client-s3';
import { OperationError } from '../operation-error.js';

/** Archives that are objects of a store that speaks S3. */
export type ObjectStore = {
  /**
   * The object of this URL, or all that lie below it, by name. No bodies are read.
   * @throws OperationError (`file_unreadable`) where there is none, or the store refuses
   */
  list(url: string): Promise<string[]>;
  /** Of one that was listed; `stamp` changes when it is written again. */
  statOf(url: string): { bytes: number; stamp: string };
  /** Reads one that was listed, a piece in memory at a time; throws where it is another by now. */
  open(url: string): AsyncIterable<Buffer>;
  close(): void;
};

export type ObjectStoreOptions = {
  /** Another store than Amazon's; its buckets are part of the path. */
  endpoint?: string | undefined;
  /** Where left out, the one of the environment or the profile in use. */
  region?: string | undefined;
};

/** Whether a name is that of an object: `s3://bucket/key`. */
export function isObject(file: string): boolean {
  return file.startsWith('s3://');
}

type Place = { bucket: string; key: string };

function placeOf(url: string): Place {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(url) ?? [];
  return { bucket, key };
}

/** Opens a store with the credentials that Amazon's own tools would take. The client is loaded with the first one. */
export async function openObjectStore({ endpoint, region }: ObjectStoreOptions = {}): Promise<ObjectStore> {
  const s3 = await import('./s3-client.js');
  const client = new s3.S3Client({ endpoint, region, forcePathStyle: endpoint !== undefined });
  const listed = new Map<string, { bytes: number; stamp: string; etag: string | undefined }>();
  return {
    async list(url) {
      const place = placeOf(url);
      const found: string[] = [];
      for await (const { Key, Size = 0, ETag, LastModified } of walk(s3, client, place, url)) {
        // A folder that a console has made is an object of its own.
        if (!Key || Key.endsWith('/') || !isBelow(Key, place.key)) continue;
        const name = `s3://${place.bucket}/${Key}`;
        const stamp = `${Size} bytes, ${ETag ?? LastModified?.toISOString() ?? 'of unknown time'}`;
        listed.set(name, { bytes: Size, stamp, etag: ETag });
        found.push(name);
      }
      if (found.length === 0) throw new OperationError('file_unreadable', `no archive at ${url}`);
      return found;
    },
    statOf: (url) => listed.get(url)!,
    async *open(url) {
      const { bucket, key } = placeOf(url);
      const IfMatch = listed.get(url)?.etag;
      const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: bucket, Key: key, IfMatch }));
      yield* Body as AsyncIterable<Buffer>;
    },
    close: () => client.destroy(),
  };
}

/** `logs` names the object of this name and all of the folder, and not those of `logs-of-before`. */
function isBelow(key: string, prefix: string): boolean {
  return prefix === '' || key === prefix || key.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

async function* walk(s3: typeof import('./s3-client.js'), client: S3Client, place: Place, url: string) {
  const { bucket, key } = place;
  if (bucket === '') throw new OperationError('invalid_input', `${url}: s3://bucket/prefix was expected`);
  try {
    const pages = s3.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: key });
    for await (const { Contents = [] } of pages) yield* Contents;
  } catch (error) {
    const { name, message } = error as Error;
    throw new OperationError('file_unreadable', `${url} cannot be listed: ${name}, ${message}`, {
      cause: error,
    });
  }
}

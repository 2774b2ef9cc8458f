import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from '@jest/globals';

const run = promisify(execFile);

/** Paths of PEM files, gone with the suite. They can be read once its `beforeAll` has run. */
export type SuiteCertificates = {
  readonly caFile: string;
  /** Of `127.0.0.1` and `localhost`, by that CA; for servers and clients. */
  readonly certFile: string;
  readonly keyFile: string;
  /** A CA that has signed nothing. */
  readonly otherCaFile: string;
};

/** Call at the top of a test file: certificates of its own, made with openssl. */
export function useCertificates(): SuiteCertificates {
  let folder = '';
  const file = (name: string) => {
    if (!folder) throw new Error('useCertificates: the files are there from beforeAll on');
    return join(folder, name);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meterbridge-test-tls-'));
    await Promise.all([makeCa('ca'), makeCa('other-ca')]);
    const by = ['-CA', file('ca.crt'), '-CAkey', file('ca.key')];
    await make('server', [...by, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']);
  });

  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  function makeCa(name: string): Promise<void> {
    return make(name, ['-addext', 'keyUsage=critical,keyCertSign']);
  }

  async function make(name: string, more: readonly string[]): Promise<void> {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
    await run('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, ...out, ...more]);
  }

  return {
    get caFile() {
      return file('ca.crt');
    },
    get certFile() {
      return file('server.crt');
    },
    get keyFile() {
      return file('server.key');
    },
    get otherCaFile() {
      return file('other-ca.crt');
    },
  };
}

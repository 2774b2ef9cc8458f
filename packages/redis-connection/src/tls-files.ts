import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Files in PEM form, and the name that a server's certificate has to be of. */
export type TlsFiles = {
  /** CAs that sign servers, in the place of those that come with Node. */
  caFile?: string;
  /** What this side shows to a server that asks for it; both or neither. */
  certFile?: string;
  keyFile?: string;
  /** Default: the host. */
  serverName?: string;
};

/** What Node's TLS takes; holds the private key. */
export type TlsOptions = { ca?: string; cert?: string; key?: string; servername?: string };

/** `what` is wrong with the file that `name` names; no problem shows what is in one. */
export type TlsProblem = { name: keyof TlsFiles; what: string };

const NAMES = ['caFile', 'certFile', 'keyFile', 'serverName'] as const;

/** Names the files in a `rediss` URL of whichever kind, so that whatever takes a URL takes them with it. */
export function withTlsFiles(url: string, files: TlsFiles): string {
  const named = NAMES.flatMap((name) => (files[name] ? [`${name}=${encodeURIComponent(files[name])}`] : []));
  if (named.length === 0) return url;
  return `${url}${url.includes('?') ? '&' : '?'}${named.join('&')}`;
}

/** Takes the files out of a URL again; the later of two of one name counts. @returns null for what is not encoded */
export function takeTlsFiles(url: string): { rest: string; files: TlsFiles } | null {
  const at = url.indexOf('?');
  if (at < 0) return { rest: url, files: {} };
  const files: TlsFiles = {};
  const others: string[] = [];
  for (const part of url.slice(at + 1).split('&')) {
    const [, name, value = ''] = /^([^=]*)=?(.*)$/s.exec(part) ?? [];
    const known = NAMES.find((each) => each === name);
    if (known === undefined) others.push(part);
    else {
      const decoded = decode(value);
      if (decoded === null) return null;
      files[known] = decoded;
    }
  }
  const query = others.length > 0 ? `?${others.join('&')}` : '';
  return { rest: url.slice(0, at) + query, files };
}

/** Reads the files, each time anew: certificates are renewed while a process runs. */
export function readTlsFiles(
  files: TlsFiles,
): { ok: true; options: TlsOptions } | { ok: false; problems: TlsProblem[] } {
  const problems: TlsProblem[] = [];
  const read = <T>(name: keyof TlsFiles, parse: (text: string) => T): { text: string; parsed: T } | null => {
    const file = files[name];
    if (file === undefined) return null;
    try {
      const text = readFileSync(file, 'utf8');
      return { text, parsed: parse(text) };
    } catch (error) {
      problems.push({ name, what: describe(name, error as NodeJS.ErrnoException) });
      return null;
    }
  };
  const ca = read('caFile', (text) => new X509Certificate(text));
  const cert = read('certFile', (text) => new X509Certificate(text));
  const key = read('keyFile', createPrivateKey);
  problems.push(...findHalfPair(files));
  if (cert && key && !isKeyOf(cert.parsed, key.parsed)) {
    problems.push({ name: 'keyFile', what: 'is not the key of the certificate in certFile' });
  }
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    options: { ca: ca?.text, cert: cert?.text, key: key?.text, servername: files.serverName },
  };
}

function isKeyOf(certificate: X509Certificate, key: KeyObject): boolean {
  return certificate.checkPrivateKey(key);
}

function findHalfPair({ certFile, keyFile }: TlsFiles): TlsProblem[] {
  if ((certFile === undefined) === (keyFile === undefined)) return [];
  return certFile === undefined
    ? [{ name: 'keyFile', what: 'needs certFile beside it' }]
    : [{ name: 'certFile', what: 'needs keyFile beside it' }];
}

function describe(name: keyof TlsFiles, { code, syscall }: NodeJS.ErrnoException): string {
  if (syscall !== undefined) return `cannot be read (${code})`;
  if (code === 'ERR_MISSING_PASSPHRASE') return 'holds a key with a passphrase: one without was expected';
  return name === 'keyFile' ? 'holds no private key in PEM form' : 'holds no certificate in PEM form';
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

import { readTlsFiles, type TlsFiles, takeTlsFiles, withTlsFiles } from '@meterbridge/redis-connection';
import * as z from 'zod';
import type { ConfigProblem } from './problem.js';

/** An empty one counts as none, as a variable does. */
const text = (about: string) =>
  z
    .string()
    .optional()
    .transform((value) => value || undefined)
    .describe(about);

export const redisTlsSchema = z.strictObject({
  caFile: text("CAs that sign Redis' certificate, in PEM form, in the place of those that come with Node"),
  certFile: text('The certificate that Redis is shown where it asks for one'),
  keyFile: text('The private key of that certificate'),
  serverName: text("The name that Redis' certificate is of, where it is not the host's"),
});

/**
 * Puts the files of `redis.tls` into the URL that Redis is reached by, and looks whether they can be used. No problem
 * shows what is in one.
 */
export function resolveRedisUrl(
  { url: ofFile, tls = {} }: { url?: string; tls?: TlsFiles },
  ofEnvironment = '',
): { url: string; problems: ConfigProblem[] } {
  const url = ofFile ?? ofEnvironment;
  const where = ofFile === undefined ? ['REDIS_URL'] : ['redis', 'url'];
  const isTls = url.startsWith('rediss');
  if (!isTls && Object.values(tls).some((value) => value !== undefined)) {
    const message = `is for a URL that begins with rediss, and ${where.join('.')} does not`;
    return { url, problems: [{ path: ['redis', 'tls'], message }] };
  }
  const problems = isTls ? findFileProblems(url, tls, where) : [];
  // For those who connect to nothing, and so are not told.
  return { url: problems.length > 0 ? url : withTlsFiles(url, tls), problems };
}

function findFileProblems(url: string, tls: TlsFiles, where: string[]): ConfigProblem[] {
  const set = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  const read = readTlsFiles({ ...takeTlsFiles(url)?.files, ...set });
  if (read.ok) return [];
  return read.problems.map(({ name, what }) =>
    name in set
      ? { path: ['redis', 'tls', name], message: what }
      : { path: where, message: `${name} ${what}` },
  );
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  billingAccounts,
  type DestinationSettings,
  type RulesVersion,
  rulesVersion,
} from '@meterbridge/destinations';
import { compilePrivacy } from '@meterbridge/segment-events';
import { compileRouter, type RouteEvent } from '@meterbridge/usage-mapping';
import type * as z from 'zod';
import { type EnvironmentSettings, readEnvironment } from './environment.js';
import { configJsonSchema, fileSchema } from './file-schema.js';
import { findAccountConflicts } from './find-account-conflicts.js';
import { findConflicts } from './find-conflicts.js';
import { findPlaceholders } from './find-placeholders.js';
import { findWrittenSecrets } from './find-written-secrets.js';
import { hashConfig } from './hash-config.js';
import { type Environment, type Interpolated, interpolate } from './interpolate.js';
import { withLines } from './parse-yaml.js';
import { type ConfigProblem, formatPath, type ProblemPath } from './problem.js';
import { withProxies } from './proxy.js';
import { readIssues } from './read-issues.js';
import { readYaml } from './read-yaml.js';
import { resolveRedisUrl } from './redis-tls.js';
import type { Source } from './source-settings.js';

type File = z.output<typeof fileSchema>;

/** Everything the apps are told, parsed and compiled. Holds secrets: see `secretsOf` before logging. */
export type Config = {
  /** Names exactly this configuration: what the file says, and what the files it names hold. Tells nothing of either. */
  hash: string;
  sources: Source[];
  destinations: DestinationSettings[];
  /** By destination: the name of its billing account, that is of the first destination with its URL and key. */
  billingAccounts: ReadonlyMap<string, string>;
  /** The rules of all destinations, compiled. */
  route: RouteEvent;
  /** By destination: its rules as they map, and the name of exactly these. */
  rules: ReadonlyMap<string, RulesVersion>;
  /** What the sources' `hash` hashes with; undefined where none is configured. */
  privacyKey: string | undefined;
  receiver: File['receiver'];
  redis: {
    url: string;
    shards: number;
    replicas: number;
    allowDataLoss: boolean;
    maxMemoryShare: number;
    /** Of Redis' memory, what refused events may take; 0 to 1. */
    refusedShare: number;
  };
  retry: File['retry'];
  /** Where what was delivered is kept, and how many bytes of it may wait in Redis, of each shard; absent: nowhere. */
  receipts: { directory: string; maxBytes: number } | undefined;
  /** The address that the receiver listens on. */
  receiverHost: string;
  ports: { receiver: number; worker: number; console: number; archivist: number };
  logLevel: EnvironmentSettings['LOG_LEVEL'];
};

export type LoadedConfig =
  | {
      ok: true;
      config: Config;
      /** Where in the file something stands, from 1; of what the file leaves out, where it would stand. */
      lineOf: (path: ProblemPath) => number | undefined;
      /** Variables that are not set, and files that cannot be read. Only with `allowUnset` can there be any. */
      unset: string[];
    }
  | { ok: false; problems: ConfigProblem[] };

export type LoadOptions = {
  /** For those who connect to nothing: keys and URLs of sources and destinations may be unset, or empty. */
  allowUnset?: boolean;
  /** For those who say themselves which rules share ids, and know more about it. */
  allowSharedIds?: boolean;
};

/**
 * Reads the file and the environment once. Reports every problem at once, with its line, and no value of
 * file or environment in any of them.
 */
export function loadConfig({
  file,
  env,
  ...options
}: { file: string; env: Environment } & LoadOptions): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { ok: false, problems: [{ path: [], message: `cannot be read (${code})` }] };
  }
  return parseConfig(text, env, options);
}

/** The same, of text that has been read already. */
export function parseConfig(text: string, env: Environment, options: LoadOptions = {}): LoadedConfig {
  const environment = readEnvironment(env);
  const problems: ConfigProblem[] = environment.ok ? [] : [...environment.problems];
  const yaml = readYaml(text);
  if (!yaml.ok) return { ok: false, problems: [...problems, ...yaml.problems] };

  const secrets = findWrittenSecrets(yaml.data);
  const interpolated = interpolate(yaml.data, options.allowUnset ? withoutEmpty(env) : env);
  const parsed = parseFile(interpolated);
  const placeholders = options.allowUnset ? [] : findPlaceholders(interpolated.data);
  const found = [
    ...(parsed.success ? [] : readIssues(parsed.error.issues, configJsonSchema)),
    ...findConflicts(interpolated.data, { arePlaceholdersTold: placeholders.length > 0 }),
    ...placeholders,
    ...(parsed.success ? findAccountConflicts(parsed.data.destinations, options) : []),
  ];
  const besides = besideMissing(interpolated, withVariables(found, interpolated), options);
  problems.push(...withLines([...secrets, ...withoutSecrets(besides, secrets)], yaml.lineOf));
  const proxied = withProxies(parsed.data?.destinations ?? [], env);
  const reached = resolveRedisUrl(parsed.data?.redis ?? {}, environment.settings?.REDIS_URL);
  if (!options.allowUnset) {
    problems.push(
      ...proxied.problems,
      ...withLines(withVariables(reached.problems, interpolated), yaml.lineOf),
    );
  }
  if (!parsed.success || !environment.ok || problems.length > 0) return { ok: false, problems };

  const { receiver, redis, retry, receipts } = parsed.data;
  const { destinations } = proxied;
  const privacyKey = parsed.data.privacyKey || undefined;
  const sources = parsed.data.sources.map((source) => withPrivacy(source, privacyKey));
  const router = compileRouter(destinations);
  if (!router.ok) throw new Error('a filter that the schema accepted does not compile');
  const { RECEIVER_HOST, RECEIVER_PORT, WORKER_PORT, CONSOLE_PORT, LOG_LEVEL } = environment.settings;
  const { ARCHIVIST_PORT, RECEIPTS_DIRECTORY } = environment.settings;
  return {
    ok: true,
    config: {
      hash: hashConfig(yaml.data, interpolated.fileTexts),
      sources,
      destinations,
      billingAccounts: billingAccounts(destinations),
      route: router.route,
      rules: new Map(destinations.map((settings) => [settings.name, rulesVersion(settings)])),
      privacyKey,
      receiver,
      redis: {
        url: reached.url,
        shards: redis.shards,
        replicas: redis.replicas,
        allowDataLoss: redis.allowDataLoss ?? false,
        maxMemoryShare: redis.maxMemoryPercent / 100,
        refusedShare: redis.refusedMemoryPercent / 100,
      },
      retry,
      receipts: receipts ? keptIn(receipts, RECEIPTS_DIRECTORY) : undefined,
      receiverHost: RECEIVER_HOST,
      ports: {
        receiver: RECEIVER_PORT,
        worker: WORKER_PORT,
        console: CONSOLE_PORT,
        archivist: ARCHIVIST_PORT,
      },
      logLevel: LOG_LEVEL,
    },
    lineOf: yaml.lineOf,
    unset: [...new Set(interpolated.unset.map(({ name }) => name))],
  };
}

function keptIn(
  { directory, maxWaitingMegabytes }: Exclude<File['receipts'], false>,
  variable: string | undefined,
): Config['receipts'] {
  const kept = variable || directory;
  return kept ? { directory: resolve(kept), maxBytes: maxWaitingMegabytes * 1e6 } : undefined;
}

function withPrivacy(source: Source, key: string | undefined): Source {
  return source.privacy ? { ...source, applyPrivacy: compilePrivacy(source.privacy, key) } : source;
}

/** An unset variable is reported once, as unset; other problems at the same path are dropped. */
function besideMissing(
  { problems, unset }: Interpolated,
  found: ConfigProblem[],
  { allowUnset = false }: LoadOptions,
): ConfigProblem[] {
  const wrong = new Set(found.map(({ path }) => formatPath(path)));
  const missing = unset
    .filter(({ path }) => !(allowUnset && isForConnecting(path)) || wrong.has(formatPath(path)))
    .map(({ path, message }) => ({ path, message }));
  const said = new Set([...problems, ...unset].map(({ path }) => formatPath(path)));
  return [...problems, ...missing, ...found.filter(({ path }) => !said.has(formatPath(path)))];
}

/** A problem of what holds a secret may name it: that it is there is all there is to say. */
function withoutSecrets(found: readonly ConfigProblem[], secrets: readonly ConfigProblem[]): ConfigProblem[] {
  const places = secrets.map(({ path }) => formatPath(path));
  return found.filter(({ path }) => !places.some((place) => formatPath(path).startsWith(place)));
}

/** Each problem of a value that came from the environment or a file with where to look. */
function withVariables(found: ConfigProblem[], { fromEnvironment }: Interpolated): ConfigProblem[] {
  const variables = new Map(fromEnvironment.map(({ path, names }) => [formatPath(path), names]));
  return found.map((problem) => {
    const names = variables.get(formatPath(problem.path)) ?? [];
    if (names.length === 0) return problem;
    return { ...problem, message: `${problem.message} (from ${[...new Set(names)].join(', ')})` };
  });
}

/** A file is parsed once or twice: a parser compiled for its schema would cost more than it saves. */
const PARSE = { jitless: true };

/** Text from the environment is read as a number or a boolean where the file wants one. */
function parseFile({ data, fromEnvironment }: Interpolated) {
  const parsed = fileSchema.safeParse(data, PARSE);
  if (parsed.success) return parsed;
  const isText = new Set(fromEnvironment.map(({ path }) => JSON.stringify(path)));
  let changed = false;
  for (const issue of parsed.error.issues) {
    if (!isText.has(JSON.stringify(issue.path))) continue;
    const forms = issue.code === 'invalid_union' ? issue.errors.flat() : [issue];
    for (const form of forms) {
      if (form.code === 'invalid_type') changed = readAs(form.expected, data, issue.path) || changed;
    }
  }
  return changed ? fileSchema.safeParse(data, PARSE) : parsed;
}

function readAs(expected: string, data: unknown, path: readonly PropertyKey[]): boolean {
  const parent = path.slice(0, -1).reduce((value, key) => (value as Record<PropertyKey, unknown>)[key], data);
  const holder = parent as Record<PropertyKey, unknown>;
  const key = path.at(-1)!;
  const text = String(holder[key]).trim();
  if ((expected === 'number' || expected === 'int') && /^-?\d+(\.\d+)?$/.test(text))
    holder[key] = Number(text);
  else if (expected === 'boolean' && /^(true|false)$/.test(text)) holder[key] = text === 'true';
  else return false;
  return true;
}

function withoutEmpty(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

const FOR_CONNECTING = new Set<string | number | undefined>([
  ...[
    'writeKey',
    'writeKeys',
    'webhookSecret',
    'webhookSecrets',
    'functionSecret',
    'functionSecrets',
    'webhook',
  ],
  ...['url', 'apiKey', 'webhookKey', 'webhookJwt'],
  ...['caFile', 'certFile', 'keyFile', 'serverName'],
]);

/**
 * Of `sources[0].writeKey` and `destinations[0].url`: what becomes of an event does not depend on it. Without
 * `privacyKey` hashes come out as other texts, and all else is the same.
 */
function isForConnecting([root, , key]: ProblemPath): boolean {
  return root === 'privacyKey' || FOR_CONNECTING.has(key);
}

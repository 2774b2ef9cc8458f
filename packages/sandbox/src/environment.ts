import type { SandboxOptions } from './options.js';

export type ParsedEnvironment = { ok: true; options: SandboxOptions } | { ok: false; problems: string[] };

/** The sandbox's options from the environment. Says every problem at once; never a value, some are keys. */
export function parseEnvironment(env: Record<string, string | undefined>): ParsedEnvironment {
  const problems: string[] = [];
  const readNumber = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    problems.push(`${name}: expected a whole number`);
    return undefined;
  };
  const readStore = (): 'postgres' | 'clickhouse' => {
    const text = env.SANDBOX_LAGO_STORE || 'postgres';
    if (text === 'postgres' || text === 'clickhouse') return text;
    problems.push("SANDBOX_LAGO_STORE: expected 'postgres' or 'clickhouse'");
    return 'postgres';
  };
  const lagoPerSecond = readNumber('SANDBOX_LAGO_REQUESTS_PER_SECOND');
  const hyperlinePerSecond = readNumber('SANDBOX_HYPERLINE_REQUESTS_PER_SECOND');
  const latencyMs = readNumber('SANDBOX_LATENCY_MS');
  const options: SandboxOptions = {
    ...(env.SANDBOX_HOST && { host: env.SANDBOX_HOST }),
    port: readNumber('SANDBOX_PORT') ?? 4003,
    lago: {
      apiKey: env.LAGO_API_KEY || 'sandbox',
      store: readStore(),
      ...(lagoPerSecond !== undefined && { requestsPerSecond: lagoPerSecond }),
    },
    hyperline: {
      apiKey: env.HYPERLINE_API_KEY || 'sandbox',
      // The vendor counts over ten seconds.
      ...(hyperlinePerSecond !== undefined && { requestsPer10Seconds: hyperlinePerSecond * 10 }),
    },
    ...(latencyMs !== undefined && { latencyMs }),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, options };
}

import * as z from 'zod';
import type { Environment } from './interpolate.js';
import type { ConfigProblem } from './problem.js';
import { redisUrlSchema } from './redis-url.js';

const port = (standard: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'a port was expected')
    .transform(Number)
    .refine((number) => number <= 65_535, 'a port was expected')
    .default(standard);

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const environmentSchema = z.object({
  REDIS_URL: redisUrlSchema.default('redis://127.0.0.1:6379'),
  RECEIVER_HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'an address to listen on was expected, as 0.0.0.0 or 127.0.0.1')
    .default('0.0.0.0'),
  RECEIVER_PORT: port(4000),
  WORKER_PORT: port(4001),
  CONSOLE_PORT: port(4002),
  ARCHIVIST_PORT: port(4004),
  RECEIPTS_DIRECTORY: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

export type EnvironmentSettings = z.output<typeof environmentSchema>;

/** What the environment decides directly. An empty variable counts as none. */
export function readEnvironment(
  env: Environment,
):
  | { ok: true; settings: EnvironmentSettings }
  | { ok: false; settings?: undefined; problems: ConfigProblem[] } {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(set);
  if (parsed.success) return { ok: true, settings: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => ({ path: path as string[], message })),
  };
}

/** The file to read: METERBRIDGE_CONFIG, or the one in the working directory. */
export function configFile(env: Environment): string {
  return env.METERBRIDGE_CONFIG || 'meterbridge.config.yaml';
}

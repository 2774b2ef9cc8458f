/**
 * The configuration file and the environment: read, interpolated, checked and compiled, with every problem at once and
 * the line it stands in; read again while a process runs. It holds secrets and opens nothing. Begin with `loadConfig`.
 */
export { type ConfigChange, compareConfig, type PlannedReload, planReload } from './compare-config.js';
export { configFile } from './environment.js';
export { configJsonSchema } from './file-schema.js';
export { isPlaceholder, SANDBOX_KEY } from './find-placeholders.js';
export { findRedisUrl } from './find-redis.js';
export type { Environment } from './interpolate.js';
export { type Config, type LoadedConfig, type LoadOptions, loadConfig, parseConfig } from './load-config.js';
export { namedSecrets } from './named-secrets.js';
export { type ParsedYaml, parseYaml } from './parse-yaml.js';
export { saysReceipts, writeKeyVariables } from './peek.js';
export {
  ConfigError,
  type ConfigProblem,
  describeProblems,
  formatPath,
  type ProblemPath,
} from './problem.js';
export { createReloader, loadSettled, type Reloader, type ReloadOutcome } from './reloader.js';
export { secretsOf } from './secrets.js';
export { settingsToTell } from './settings-to-tell.js';
export type { Source, WebhookAccess } from './source-settings.js';

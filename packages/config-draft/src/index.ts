/**
 * A configuration that is about to be written for a person: its parts as data, and the commented YAML that they become.
 * It reads no configuration (that is `config`) and asks nobody (that is the command line). Begin with `writeDraft`.
 */
export type { Field, Plain } from './commented-yaml.js';
export {
  DROPPED,
  type Draft,
  type DraftDestination,
  type DraftRule,
  type DraftSource,
  neededVariables,
  ownAddresses,
  variablesOf,
  writeDraft,
} from './draft.js';
export { extendEnvExample } from './env-example.js';
export { distinct, escapeFqlKey, escapeGlob, escapeKey, quoteFql, slug, snakeCase } from './names.js';

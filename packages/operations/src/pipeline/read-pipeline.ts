import { configFile, describeProblems, loadConfig } from '@meterbridge/config';
import { OperationError } from '../operation-error.js';
import { compilePipeline, type Pipeline } from './pipeline.js';

/** Where something of the configuration stands, as editors and terminals open it. */
export type PlaceOf = (path: (string | number)[]) => string;

/** `file` is the one that was read. */
export type ReadyPipeline = { file: string; pipeline: Pipeline; placeOf: PlaceOf };

/**
 * A configuration ready to preview with, and where its parts stand. Nothing is sent, so that no key need be set.
 * @param env what the file may refer to
 * @param file the one in use where left out
 * @throws OperationError (`invalid_input`) that lists every problem of the file
 */
export function readPipeline(
  env: Record<string, string | undefined>,
  file: string = configFile(env),
): ReadyPipeline {
  const loaded = loadConfig({ file, env, allowUnset: true });
  if (!loaded.ok) throw new OperationError('invalid_input', describeProblems(loaded.problems, file));
  const placeOf: PlaceOf = (path) => `${file}:${loaded.lineOf(path)}`;
  return { file, pipeline: compilePipeline(loaded.config), placeOf };
}

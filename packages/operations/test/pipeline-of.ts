import { describeProblems, parseConfig } from '@meterbridge/config';
import { compilePipeline, type Pipeline } from '../src/pipeline/pipeline.js';
import type { PlaceOf } from '../src/pipeline/read-pipeline.js';

/** A configuration's text, ready to preview with; places are lines of it. */
export function pipelineOf(text: string): { pipeline: Pipeline; placeOf: PlaceOf } {
  const loaded = parseConfig(text, {}, { allowUnset: true });
  if (!loaded.ok) throw new Error(describeProblems(loaded.problems, 'the configuration'));
  return { pipeline: compilePipeline(loaded.config), placeOf: (path) => `line ${loaded.lineOf(path)}` };
}

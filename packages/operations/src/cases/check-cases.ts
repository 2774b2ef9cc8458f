import { basename } from 'node:path';
import type { Config } from '@meterbridge/config';
import type { Finding } from '../check/finding.js';
import { OperationError } from '../operation-error.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { caseFilesBeside, readCases } from './read-cases.js';
import { runCase } from './run-case.js';

/** Runs the cases beside a configuration: a finding for each that comes out otherwise, and one for each file that is right. */
export function checkCases(configFile: string, config: Config): Finding[] {
  return caseFilesBeside(configFile).flatMap((file) => checkFile(file, config));
}

function checkFile(file: string, config: Config): Finding[] {
  try {
    const pipeline = compilePipeline(config);
    const cases = readCases(file, config);
    const failed = cases.flatMap((each): Finding[] => {
      const { ok, details } = runCase(each, pipeline);
      if (ok) return [];
      const why = details.length > 0 ? ` (${details.join('; ')})` : '';
      const detail = `"${each.name}" does not come out as expected${why}; meterbridge test shows what differs`;
      return [{ level: 'fail', what: `${basename(file)}, line ${each.line}`, detail }];
    });
    if (failed.length > 0) return failed;
    const count = cases.length === 1 ? 'one case comes' : `all ${cases.length} cases come`;
    return [{ level: 'ok', what: basename(file), detail: `${count} out as expected` }];
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return [{ level: 'fail', what: basename(file), detail: error.message }];
  }
}

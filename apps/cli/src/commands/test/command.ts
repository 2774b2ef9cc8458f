import { findCaseFiles, readCases, readPipeline, runCase } from '@meterbridge/operations';
import { readCommandEnv } from '../../load-context.js';
import { print } from '../../terminal/print.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderCase } from './render-case.js';

/** Runs the cases kept beside the configuration. Exit code 1 where one of them fails. */
export async function testCases(given: string[], options: { json?: boolean }): Promise<void> {
  const { file: configFile, pipeline } = readPipeline(readCommandEnv(process.env));
  const files = given.length > 0 ? given : findCaseFiles(configFile);
  const results = files.flatMap((file) =>
    readCases(file, pipeline.config).map((each) => ({ case: each, result: runCase(each, pipeline) })),
  );
  const failed = results.filter(({ result }) => !result.ok).length;
  if (failed > 0) process.exitCode = 1;
  if (options.json) {
    const cases = results.map(({ case: { file, line, name }, result }) => ({ file, line, name, ...result }));
    print(JSON.stringify({ ok: failed === 0, passed: results.length - failed, failed, cases }));
    return;
  }
  for (const file of files) {
    print(file);
    for (const { case: each, result } of results) if (each.file === file) printText(renderCase(each, result));
  }
  print(`\n${results.length - failed} passed, ${failed} failed`);
}

import { existsSync } from 'node:fs';
import { configFile } from '@meterbridge/config';
import { check as checkAll, checkCases, type Finding } from '@meterbridge/operations';
import {
  changedEnvWords,
  isForPeople,
  lacksOnlyKeys,
  readCommandEnv,
  readConfig,
  runningStack,
} from '../../load-context.js';
import { namesRealApi } from '../../stack/decide-stand-ins.js';
import { howToRun, listSteps } from '../../terminal/hint.js';
import { print } from '../../terminal/print.js';
import { MARK, renderFinding } from '../../terminal/render-finding.js';
import { tableWidth } from '../../terminal/table.js';
import { printText } from '../../terminal/wrap-text.js';

/** Says whether the file, Redis, every API and the rules are ready. Exit code 1 where something is not. */
export async function check(options: { json?: boolean }): Promise<void> {
  const env = readCommandEnv(process.env);
  const findings: Finding[] = [];
  const report = (finding: Finding) => {
    findings.push(finding);
    if (!options.json) printText(renderFinding(finding));
  };
  try {
    const config = readConfig(env, { allowSharedIds: true });
    const rules = config.destinations.reduce((sum, { rules }) => sum + rules.length, 0);
    report({
      level: 'ok',
      what: configFile(env),
      detail: `sources: ${config.sources.length}, rules: ${rules}`,
    });
    const changed = changedEnvWords();
    if (changed !== null) report({ level: 'warn', what: '.env', detail: changed });
    for (const finding of checkCases(configFile(env), config)) report(finding);
    await checkAll(config, report);
  } catch (error) {
    if (!isForPeople(error)) throw error;
    report({ level: 'fail', what: 'configuration', detail: error.message });
    if (mayBePlayed(env)) report({ level: 'warn', what: 'keys', detail: STAND_IN });
  }
  const isReady = findings.every(({ level }) => level !== 'fail');
  if (!isReady) process.exitCode = 1;
  if (options.json) print(JSON.stringify(findings, null, 2));
  else if (isReady && runningStack()) print(`\nReady, and running. How it does: ${howToRun('status')}`);
  else print(`\n${isReady ? ready() : `Mend what is marked ${MARK.fail}, then: ${howToRun('check')}`}`);
}

const STAND_IN = `not needed to try it: ${howToRun('up')} has the sandbox stand in where none is set`;

/** Whether only variables are missing, and none is of a real API. */
function mayBePlayed(env: NodeJS.ProcessEnv): boolean {
  const file = configFile(env);
  return existsSync(file) && lacksOnlyKeys(file, env) && !namesRealApi(env);
}

function ready(): string {
  return [
    'Ready. Next:',
    ...listSteps(
      [
        [howToRun('preview <event.json>'), 'what an event becomes, before one is sent'],
        [howToRun('up'), 'receiver and worker on this machine'],
      ],
      tableWidth(),
    ),
  ].join('\n');
}

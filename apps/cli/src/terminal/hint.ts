/**
 * How a command is typed where this one was: `npm run` in a clone puts its programs in no shell's path.
 * @param command with its arguments, as `status --watch`
 */
export function howToRun(command: string, env: NodeJS.ProcessEnv = process.env): string {
  return `${env.npm_lifecycle_event === undefined ? 'meterbridge' : 'npm run -s meterbridge --'} ${command}`;
}

/** Steps below each other, each with what it is for. */
export function listSteps(steps: readonly (readonly [what: string, why: string])[]): string[] {
  const width = Math.max(...steps.map(([what]) => what.length));
  return steps.map(([what, why]) => `  ${what.padEnd(width)}  ${why}`);
}

#!/usr/bin/env node
import { parseEnvironment } from './environment.js';
import { startSandbox } from './sandbox.js';

const parsed = parseEnvironment(process.env);
if (!parsed.ok) {
  for (const problem of parsed.problems) console.error(problem);
  process.exit(1);
}
const sandbox = await startSandbox(parsed.options).catch((error: Error) => {
  console.error(`The sandbox could not start: ${error.message}.`);
  process.exit(1);
});
console.log(
  `sandbox: Lago at ${sandbox.lago.url}, Hyperline at ${sandbox.hyperline.url}, ${sandbox.url}/inspect`,
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void sandbox.close().then(() => process.exit(0));
  });
}

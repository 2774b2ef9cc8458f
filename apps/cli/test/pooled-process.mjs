// Runs a program of the product again and again in one process: each time its own main file, with arguments,
// environment and folder of their own, until nothing keeps the process alive any more. Node starts once, and modules are
// loaded once. Started by process-pool.ts: node pooled-process.mjs <main file>.

import { pathToFileURL } from 'node:url';

/** @typedef {{ args: string[], env: Record<string, string>, cwd: string }} Run */

const script = process.argv[2] ?? '';
const channel = /** @type {NonNullable<typeof process.channel>} */ (process.channel);
const exitReally = process.exit.bind(process);
const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }));
/** What a program listens to; taken from it again after its run. */
const EVENTS = /** @type {const} */ (['exit', 'uncaughtException', 'SIGINT', 'SIGTERM', 'SIGHUP']);
/** How long what was closed may take to be gone once the program has called `process.exit`. */
const GONE_WITHIN_MS = 2_000;
/** Timers that keep no process alive: they must not ring in the next run. */
/** @type {Set<NodeJS.Timeout>} */
const unrefed = new Set();
/** Thrown by `process.exit`, which must not return. */
const EXIT = Symbol('process.exit');

let isRunning = false;
/** @type {number | undefined} */
let exitCode;
let runs = 0;

const { prototype } = /** @type {{ prototype: NodeJS.Timeout }} */ (setTimeout(() => {}).constructor);
const { unref } = prototype;
prototype.unref = function () {
  unrefed.add(this);
  return unref.call(this);
};

/** @param {unknown} error */
function onUncaught(error) {
  if (exitCode !== undefined || process.listenerCount('uncaughtException') > 1) return;
  console.error(error);
  exitReally(1);
}

process.on('uncaughtException', onUncaught);
process.on('beforeExit', () => {
  if (!isRunning) return;
  if (exitCode === undefined) settle(Number(process.exitCode ?? 0));
  report();
});
process.on('message', (message) => void start(/** @type {Run} */ (message)));

/** @param {Run} run */
async function start({ args, env, cwd }) {
  isRunning = true;
  exitCode = undefined;
  process.exitCode = undefined;
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv = [process.execPath, script, ...args];
  process.exit = exit;
  // The program alone decides how long it runs.
  channel.unref();
  runs += 1;
  await import(`${pathToFileURL(script)}?run=${runs}`);
}

/**
 * In place of `process.exit`: what the program leaves open ends the process indeed.
 * @param {number | string | null} [code]
 * @returns {never}
 */
function exit(code) {
  if (exitCode === undefined) {
    settle(Number(code ?? process.exitCode ?? 0));
    setTimeout(exitReally, GONE_WITHIN_MS, exitCode).unref();
  }
  throw EXIT;
}

/**
 * The program has ended: it says and hears nothing more.
 * @param {number} code
 */
function settle(code) {
  exitCode = code;
  process.emit('exit', code);
  for (const event of EVENTS) process.removeAllListeners(event);
  process.stdout.removeAllListeners('error');
  process.on('uncaughtException', onUncaught);
  for (const { stream } of streams) stream.write = drop;
}

/** Waits for the next run. A NUL tells the reader of a stream that it has everything of this one. */
function report() {
  isRunning = false;
  for (const timer of unrefed) clearTimeout(timer);
  unrefed.clear();
  for (const { stream, write } of streams) {
    stream.write = write;
    stream.write('\0');
  }
  process.send?.(exitCode);
  channel.ref();
}

/** @type {typeof process.stdout.write} */
function drop(_text, ...rest) {
  const written = rest.at(-1);
  if (typeof written === 'function') setImmediate(written);
  return true;
}

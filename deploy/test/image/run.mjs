// Builds the image and runs what docker-compose.yml describes, for real and without Docker: buildah in a chroot, podman
// with runc. Needs root, and of Debian buildah, podman, runc, catatonit and debootstrap; a few minutes, and the network.
//
//   node deploy/test/image/run.mjs [--base <image>] [--keep]
//
// --base is an image to pull and build on; without it one is made here. --keep leaves the containers. The end says what
// was checked and what could not be; exit code 1 if something failed, 2 if a program is missing that all of it needs.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, parseEnv } from 'node:util';
import { healthCommand, readServices, runArguments, seconds } from './compose.mjs';
import { buildProduct, makeBase, makeRedis, PRODUCT, sizeOf } from './make-images.mjs';
import { attempt, isInstalled, must } from './shell.mjs';

const ROOT = resolve(import.meta.dirname, '../../..');
const { values: options } = parseArgs({ options: { base: { type: 'string' }, keep: { type: 'boolean' } } });
const RUN = `meterbridge-${process.pid}`;
const nameOf = (service) => `${RUN}-${service}`;

const checked = [];
const failed = [];
const notDone = [
  "the images of a registry: Docker's own build, node:24-bookworm-slim and redis:7.2-alpine with its entry point",
];

/** @param {string} what @param {unknown} isSo @param {string} [seen] */
function check(what, isSo, seen = '') {
  (isSo ? checked : failed).push(what);
  console.log(`${isSo ? '✓' : '✗'} ${what}${isSo || seen === '' ? '' : `: ${seen}`}`);
}

const env = {
  ...parseEnv(readFileSync(join(ROOT, '.env.example'), 'utf8')),
  REDIS_PASSWORD: randomBytes(16).toString('hex'),
  SEGMENT_WRITE_KEY: randomBytes(16).toString('hex'),
  LAGO_API_URL: 'http://sandbox:4003/lago',
  LAGO_API_KEY: 'sandbox',
  HYPERLINE_API_URL: 'http://sandbox:4003/hyperline',
  HYPERLINE_API_KEY: 'sandbox',
};
const services = readServices(ROOT, env);
const FOLDER = mkdtempSync(join(tmpdir(), 'meterbridge-image-'));
const HOSTS = join(FOLDER, 'hosts');
writeFileSync(HOSTS, `127.0.0.1 localhost ${Object.keys(services).join(' ')}\n`);

/** Starts a service as compose would. All share one network that leads nowhere else, and find each other by name. */
function start(name, image) {
  const service = services[name];
  const network = ['--network', name === 'redis' ? 'none' : `container:${nameOf('redis')}`];
  const config = join(ROOT, 'meterbridge.config.yaml');
  const hosts = ['--volume', `${HOSTS}:/etc/hosts:ro`];
  const volumes =
    name === 'redis'
      ? ['--volume', `${nameOf('data')}:/data`]
      : (service.configs ?? []).flatMap(({ target }) => ['--volume', `${config}:${target}:ro`]);
  const fromFile =
    name === 'redis' ? [] : Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const run = [
    '--runtime',
    'runc',
    'run',
    '--detach',
    '--name',
    nameOf(name),
    ...network,
    ...hosts,
    ...volumes,
    ...fromFile,
  ];
  // What podman asks for by itself, not every machine may give.
  const limits = ['--ulimit', 'nofile=8192:8192', '--ulimit', 'nproc=4096:4096'];
  const init = service.init && isInstalled('catatonit') ? ['--init'] : [];
  must('podman', [...run, ...limits, ...init, ...runArguments(service), image, ...service.command]);
}

async function untilHealthy(name) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (inside(name, ...healthCommand(services[name])).code === 0) return true;
    await sleep(500);
  }
  return false;
}

const inside = (name, ...command) => attempt('podman', ['exec', nameOf(name), ...command]);
const logOf = (name) => attempt('podman', ['logs', nameOf(name)]).output;

/** @returns {Promise<{ taken: number, refused: number }>} */
function send(name, batches) {
  const program = readFileSync(join(import.meta.dirname, 'send.mjs'));
  const args = ['exec', '-i', nameOf('worker'), 'node', '--input-type=module', '-'];
  const url = 'http://receiver:4000';
  const child = spawn('podman', [...args, url, env.SEGMENT_WRITE_KEY, name, `${batches}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(program);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  return new Promise((done, fail) => {
    child.on('close', () =>
      printed === '' ? fail(new Error('nothing was sent')) : done(JSON.parse(printed)),
    );
  });
}

/** Ends a service as `docker compose stop` would: SIGTERM, and SIGKILL after its time. */
function stop(name) {
  const began = Date.now();
  must('podman', ['stop', nameOf(name)]);
  const code = Number(must('podman', ['inspect', '--format', '{{.State.ExitCode}}', nameOf(name)]));
  const grace = seconds(services[name].stop_grace_period);
  check(
    `SIGTERM drains the ${name}: exit code 0 within ${grace} s`,
    code === 0 && Date.now() - began < grace * 1_000,
    `${code} after ${Date.now() - began} ms\n${logOf(name).slice(-2_000)}`,
  );
}

/** Both APIs have each of these events once, and the account adds up. */
function checkDelivered(what, events) {
  const audit = inside('worker', 'meterbridge', 'audit', '--wait', '60');
  check(`${what}: the account adds up`, audit.code === 0, audit.output);
  const look = "fetch('http://sandbox:4003/inspect').then(async (r) => console.log(await r.text()))";
  const { lago, hyperline } = JSON.parse(inside('worker', 'node', '-e', look).output);
  const seen = [lago.ledger.keys, hyperline.ledger.keys];
  check(
    `${what}: ${events} events answered 200 are at both APIs, once each`,
    seen.every((n) => n === events),
    `${seen}`,
  );
}

function checkImage(base) {
  const [all, below] = [sizeOf(PRODUCT), sizeOf(base)].map((bytes) => Math.round(bytes / 1e6));
  console.log(`The image has ${all} MB, of which ${all - below} MB are not its base's.`);
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const program of Object.keys(bin)) {
    check(`${program} is on the PATH`, inside('worker', 'sh', '-c', `command -v ${program}`).code === 0);
  }
  const { output } = inside('worker', 'meterbridge', '--version');
  check('it says its revision', output.includes(REVISION), output);
}

function checkConfined(name) {
  const status = inside(name, 'cat', '/proc/1/status').output;
  const field = (key) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(status)?.[1];
  check(`${name} is not root`, field('Uid') !== '0', status);
  check(`${name} can become no other`, field('NoNewPrivs') === '1', status);
  if (services[name].cap_drop)
    check(`${name} has no capabilities`, /^0+$/.test(field('CapBnd') ?? ''), status);
  const written = inside(name, 'sh', '-c', 'touch /etc/here /usr/local/here || touch /here').output;
  check(
    `${name} cannot write to its file system`,
    written.split('Read-only file system').length === 4,
    written,
  );
}

const REVISION = must('git', ['-C', ROOT, 'rev-parse', '--short=12', 'HEAD']);

async function main() {
  const base = options.base ?? makeBase();
  console.log(`Building on ${base} ...`);
  buildProduct({ root: ROOT, base, revision: REVISION });
  check('buildah builds the image in a chroot', true);
  start('redis', makeRedis(base));
  check('redis is healthy', await untilHealthy('redis'));
  for (const name of ['sandbox', 'receiver', 'worker']) start(name, PRODUCT);
  for (const name of ['sandbox', 'receiver', 'worker']) {
    check(`${name} is healthy`, await untilHealthy(name), logOf(name).slice(-2_000));
  }
  checkImage(base);
  for (const name of ['redis', 'receiver', 'worker', 'sandbox']) checkConfined(name);
  const stranger = inside('redis', 'env', '-u', 'REDISCLI_AUTH', 'redis-cli', 'ping').output;
  check('redis asks for a password', stranger.includes('NOAUTH'), stranger);
  const asked = inside('worker', 'meterbridge', 'check');
  check('meterbridge check is content', asked.code === 0, asked.output);

  const first = await send('first', 20);
  check('every batch is answered 200', first.refused === 0);
  checkDelivered('sent', first.taken);

  // Ended while it is sent to: what it answered is delivered, and senders know of the rest.
  const sending = send('second', 2_000);
  await sleep(2_000);
  stop('receiver');
  const second = await sending;
  check(
    'the receiver ended in the midst of sending',
    second.taken > 0 && second.refused > 0,
    JSON.stringify(second),
  );
  must('podman', ['start', nameOf('receiver')]);
  check('receiver is healthy again', await untilHealthy('receiver'));
  stop('worker');
  must('podman', ['start', nameOf('worker')]);
  check('worker is healthy again', await untilHealthy('worker'));
  checkDelivered('after both were ended', first.taken + second.taken);
  stop('redis');
}

const missing = ['buildah', 'podman', 'runc', ...(options.base ? [] : ['debootstrap'])].filter(
  (each) => !isInstalled(each),
);
if (missing.length > 0 || process.getuid?.() !== 0) {
  console.error(
    `This needs root and ${missing.join(', ') || 'its rights'}: apt-get install buildah podman runc catatonit debootstrap`,
  );
  process.exit(2);
}
if (!isInstalled('catatonit'))
  notDone.push('an init in each container (`init: true`): catatonit is not installed');
try {
  await main();
} catch (error) {
  check('it went to its end', false, error.message);
} finally {
  if (!options.keep) {
    // Those on the network of another go before it.
    for (const name of ['worker', 'receiver', 'sandbox', 'redis'])
      attempt('podman', ['rm', '--force', '--time', '0', nameOf(name)]);
    attempt('podman', ['volume', 'rm', '--force', nameOf('data')]);
    rmSync(FOLDER, { recursive: true, force: true });
  }
}
for (const each of notDone) console.log(`- not tried: ${each}`);
console.log(`${checked.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, must } from './shell.mjs';

const NODE_MAJOR = 24;
const BASE = `localhost/meterbridge-base:node${NODE_MAJOR}`;
const REDIS = 'localhost/meterbridge-redis';
export const PRODUCT = 'localhost/meterbridge';

const isThere = (image) => attempt('buildah', ['inspect', '--type', 'image', image]).code === 0;

/**
 * An image in the place of `node:24-bookworm-slim`, where no registry of images can be reached: debootstrap's Debian,
 * Node's binary and npm from the npm registry, and the user `node`. Kept for the next run.
 * @returns {string} its name
 */
export function makeBase() {
  if (isThere(BASE)) return BASE;
  const folder = mkdtempSync(join(tmpdir(), 'meterbridge-base-'));
  try {
    const root = join(folder, 'root');
    must('debootstrap', ['--variant=minbase', 'bookworm', root]);
    const packages = join(folder, 'packages');
    // The script that brings Node's binary; npm from 12 on runs one only when told to.
    mkdirSync(packages);
    writeFileSync(join(packages, 'package.json'), JSON.stringify({ allowScripts: { node: true } }));
    must('npm', ['install', '--prefix', packages, '--no-save', `node@${NODE_MAJOR}`, 'npm@11']);
    must('install', ['-D', join(packages, 'node_modules/node/bin/node'), join(root, 'usr/local/bin/node')]);
    const modules = join(root, 'usr/local/lib/node_modules');
    must('mkdir', ['-p', modules]);
    must('cp', ['-a', join(packages, 'node_modules/npm'), modules]);
    for (const name of ['npm', 'npx']) {
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, `usr/local/bin/${name}`));
    }
    must('chroot', [root, 'useradd', '--uid', '1000', '--user-group', '--create-home', 'node']);
    must('sh', [
      '-c',
      'cd "$0" && rm -rf var/cache/apt/* var/lib/apt/lists/* usr/share/doc usr/share/man',
      root,
    ]);
    const container = must('buildah', ['from', 'scratch']);
    must('buildah', ['add', '--quiet', container, root, '/']);
    must('buildah', [
      'config',
      '--env',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      container,
    ]);
    must('buildah', ['commit', '--quiet', '--rm', container, BASE]);
    return BASE;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The Dockerfile's image.
 * @param {{ root: string, base: string, revision: string }} options
 */
export function buildProduct({ root, base, revision }) {
  const folder = mkdtempSync(join(tmpdir(), 'meterbridge-build-'));
  try {
    const args = ['bud', '--isolation', 'chroot', '--tag', PRODUCT];
    args.push('--build-arg', `BASE=${base}`, '--build-arg', `REVISION=${revision}`);
    const authorities = process.env.NODE_EXTRA_CA_CERTS;
    if (authorities) {
      // A registry behind an authority that this machine trusts: the build has to trust it, too.
      const npmrc = join(folder, 'npmrc');
      writeFileSync(npmrc, 'cafile=/etc/build-authorities.pem\n');
      args.push(
        '--volume',
        `${authorities}:/etc/build-authorities.pem:ro`,
        '--volume',
        `${npmrc}:/root/.npmrc:ro`,
      );
    }
    must('buildah', [...args, root]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Debian's Redis on the same base, in the place of `redis:7.2-alpine`: run by a user of its own, and its data in /data.
 * @param {string} base
 * @returns {string} its name
 */
export function makeRedis(base) {
  if (isThere(REDIS)) return REDIS;
  const container = must('buildah', ['from', base]);
  const install = [
    'apt-get update -qq',
    'DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server',
    'mkdir /data && chown redis:redis /data',
  ].join(' && ');
  must('buildah', ['run', '--isolation', 'chroot', container, '--', 'sh', '-c', install]);
  must('buildah', ['config', '--user', 'redis', '--workingdir', '/data', container]);
  must('buildah', ['commit', '--quiet', '--rm', container, REDIS]);
  return REDIS;
}

/**
 * @param {string} image
 * @returns {number} in bytes, with what it is built on
 */
export function sizeOf(image) {
  return Number(must('podman', ['image', 'inspect', '--format', '{{.Size}}', image]));
}

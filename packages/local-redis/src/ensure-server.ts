import { spawn } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { findServer, type ServerProgram } from './find-server.js';
import { LocalRedisError } from './local-redis-error.js';

export type EnsureServerOptions = {
  /** Install with apt-get where that is possible (root on Debian or Ubuntu). Default: true. */
  installIfMissing?: boolean;
  /** Called before a long step. */
  log?: (line: string) => void;
};

/**
 * Finds a Redis or Valkey server, or installs one.
 *
 * What is installed is Debian's `redis-tools`, which holds the server without the system service that
 * `redis-server` would start and enable; nothing is left running or enabled on the machine.
 * @throws LocalRedisError `server_missing` or `install_failed`
 */
export async function ensureServer(options: EnsureServerOptions = {}): Promise<ServerProgram> {
  const found = await findServer();
  if (found) return found;
  if (!(options.installIfMissing ?? true) || !(await canInstall())) {
    throw new LocalRedisError('server_missing', howToInstall());
  }
  options.log?.('Installing Redis (apt-get: redis-tools) ...');
  await aptGet(['update', '-qq']);
  await aptGet(['install', '-y', '-qq', '--no-install-recommends', 'redis-tools']);
  const installed = await findServer();
  if (!installed) throw new LocalRedisError('server_missing', howToInstall());
  return installed;
}

/** What a person can do about a missing server, for each platform. */
export function howToInstall(): string {
  return [
    'No redis-server or valkey-server was found on the PATH. Install one:',
    '  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y redis-server',
    '  Fedora, RHEL:    sudo dnf install -y valkey   (or redis)',
    '  macOS:           brew install redis',
    'or set REDIS_URL to a Redis that is already running, with appendonly yes and maxmemory-policy noeviction,',
    'for example redis://localhost:6379',
  ].join('\n');
}

async function canInstall(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release)) return false;
  return access('/usr/bin/apt-get').then(
    () => true,
    () => false,
  );
}

function aptGet(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    // Another apt (unattended upgrades on a young machine) may hold the lock for a while: wait for it.
    const child = spawn('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (cause) => reject(new LocalRedisError('install_failed', howToInstall(), { cause })));
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const message = `apt-get ${args[0]} ended with ${code}:\n${output.trim()}\n\n${howToInstall()}`;
      reject(new LocalRedisError('install_failed', message));
    });
  });
}

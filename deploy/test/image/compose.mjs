import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/**
 * docker-compose.yml with its variables filled in, as far as it is used here.
 * @param {string} root
 * @param {Record<string, string>} env
 * @returns {Record<string, any>} by the service's name
 */
export function readServices(root, env) {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
  const filled = text.replaceAll(/(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name, kind, word) => {
    if (env[name]) return env[name];
    if (kind === '?') throw new Error(`docker-compose.yml needs ${name}`);
    return word ?? '';
  });
  return parse(filled, { merge: true }).services;
}

/**
 * What `podman run` is told, for what compose says of a service.
 * @param {Record<string, any>} service
 * @returns {string[]}
 */
export function runArguments(service) {
  return [
    ...(service.read_only ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(service.tmpfs ?? []).flatMap((path) => ['--tmpfs', path]),
    ...(service.cap_drop ?? []).flatMap((capability) => ['--cap-drop', capability]),
    ...(service.security_opt ?? []).flatMap((option) => ['--security-opt', option.replace(/:true$/, '')]),
    ...Object.entries(service.environment ?? {}).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...(service.stop_grace_period ? ['--stop-timeout', `${seconds(service.stop_grace_period)}`] : []),
  ];
}

/**
 * The command that compose asks a service's health with.
 * @param {Record<string, any>} service
 * @returns {string[]}
 */
export function healthCommand(service) {
  const [kind, ...test] = service.healthcheck.test;
  return kind === 'CMD-SHELL' ? ['sh', '-c', ...test] : test;
}

/** @param {string} period `30s` or `1m` */
export function seconds(period) {
  return Number.parseInt(period, 10) * (period.endsWith('m') ? 60 : 1);
}

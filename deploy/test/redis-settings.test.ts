import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DEPLOY, type Resource, ROOT, readResources } from './files.js';

/** What a 200 of the receiver rests on. */
const SETTINGS = {
  '--appendonly': 'yes',
  '--appendfsync': 'always',
  '--maxmemory-policy': 'noeviction',
};

/** What each of these containers is started with, by its name. */
type Started = Map<string, string[]>;

const isRedis = ({ image }: Resource) => /(^|\/)(redis|valkey)\b/.test(image ?? '');

function ofCompose(): Started {
  const [compose] = readResources(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'));
  const services = Object.entries(compose.services as Record<string, Resource>);
  return new Map(
    services
      .filter(([, service]) => isRedis(service))
      .map(([name, { command }]) => [`compose ${name}`, command]),
  );
}

/** Every container of every manifest, in whatever kind of resource and however deep. */
function ofManifests(): Started {
  const started: Started = new Map();
  const look = (file: string, at: Resource): void => {
    if (typeof at !== 'object' || at === null) return;
    if (typeof at.image === 'string' && isRedis(at)) {
      started.set(`${file} ${at.name}`, [...(at.command ?? []), ...(at.args ?? [])]);
    }
    for (const each of Object.values(at)) look(file, each);
  };
  for (const file of readdirSync(join(DEPLOY, 'kubernetes'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.yaml')) continue;
    for (const resource of readResources(readFileSync(join(DEPLOY, 'kubernetes', file), 'utf8'))) {
      look(file, resource);
    }
  }
  return started;
}

const redisOfCompose = ofCompose();
const redisOfManifests = ofManifests();

test('compose and the manifests start one Redis each, by arguments that are read here', () => {
  expect([...redisOfCompose.keys()]).toEqual(['compose redis']);
  expect([...redisOfManifests.keys()]).toEqual(['redis/redis.yaml redis']);
});

test.each([...redisOfCompose, ...redisOfManifests])('%s loses and evicts nothing', (_name, command) => {
  for (const [option, value] of Object.entries(SETTINGS)) {
    expect([option, command[command.indexOf(option) + 1]]).toEqual([option, value]);
    expect(command.filter((word) => word === option)).toHaveLength(1);
  }
});

/** What docs/configuration.md gives to a user of its own, and what lets receiver and worker see that Redis is safe. */
function documentedRights(): string[] {
  const text = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
  const [, rights] = /^ACL SETUSER meterbridge on >password (.*)$/m.exec(text)!;
  return [...rights!.split(' '), '+info', '+config|get'];
}

/** The rules of each `--user`, by its name. */
function usersOf(command: string[]): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const [at, word] of command.entries()) {
    if (word !== '--user') continue;
    const rest = command.slice(at + 2);
    const end = rest.findIndex((each) => each.startsWith('--'));
    users.set(command[at + 1]!, end < 0 ? rest : rest.slice(0, end));
  }
  return users;
}

test.each([...redisOfCompose, ...redisOfManifests])(
  '%s lets in one user, with the documented rights',
  (_name, command) => {
    const users = usersOf(command);
    expect([...users.keys()].toSorted()).toEqual(['default', 'meterbridge']);
    expect(users.get('default')).toEqual(['off']);
    const [on, password, ...rights] = users.get('meterbridge')!;
    expect(on).toBe('on');
    // The one that is asked for, and none without it.
    expect(password).toMatch(/^>(\$\{REDIS_PASSWORD:\?[^}]+\}|\$\(REDIS_PASSWORD\))$/);
    expect(rights).toEqual(documentedRights());
  },
);

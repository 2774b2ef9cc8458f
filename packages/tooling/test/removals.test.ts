import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/*
 * Whatever takes something out of Redis stands in docs/guarantees.md, with what it relies on. Losses began with
 * commands that removed what another command, sent before, was believed to have kept.
 */

const ROOT = join(import.meta.dirname, '../../..');

/** The parts of the product that talk to Redis: what only tests, measures or stands in for an API does not. */
const PARTS = ['packages/queue', 'packages/rate-limiter', 'packages/redis-connection'];
const APPS = ['apps/receiver', 'apps/worker', 'apps/cli'];

const REMOVING =
  'del|unlink|getdel|xdel|xtrim|hdel|zrem|zremrangebyrank|zremrangebyscore|zpopmin|zpopmax|lrem|ltrim|lpop|rpop|lmpop|srem|spop|rename|flushdb|flushall';
/** In a script, in capitals; by a client, as a method. */
const IN_SCRIPT = new RegExp(`redis\\.call\\('(${REMOVING})'`, 'gi');
const BY_CLIENT = new RegExp(`\\.(${REMOVING})\\(`, 'g');

const COMMENT = /\/\*[\s\S]*?\*\/|^\s*(\/\/|--).*$/gm;

function removalsOf(part: string): string[] {
  const folder = join(ROOT, part, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|lua)$/.test(file) && !/\.(test|generated)\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8').replace(COMMENT, '');
      const found = [...text.matchAll(IN_SCRIPT), ...text.matchAll(BY_CLIENT)];
      const where = `${part.replace('packages/', '')}/src/${file}`;
      return found.map(([, command]) => `${where} ${command}`);
    });
}

function listed(): string[] {
  const text = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8');
  const section = text.split('## What removes, and what proves it')[1]!.split('\n## ')[0]!;
  const rows = [...section.matchAll(/^\| `([^`]+)`\s*\|([^|]*)\|/gm)];
  return rows.flatMap(([, where, commands]) =>
    commands!
      .trim()
      .split(/\s+/)
      .filter((command) => command !== '')
      .map((command) => `${where} ${command}`),
  );
}

test('every removal stands in the list, and the list names no other', () => {
  const found = [...PARTS, ...APPS].flatMap(removalsOf);
  const unique = (all: string[]) => [...new Set(all)].toSorted();
  expect(unique(found)).toEqual(unique(listed()));
});

test('a file that removes in two ways has a row for each', () => {
  // The search finds what it is there to find.
  expect(removalsOf('packages/queue')).toEqual(
    expect.arrayContaining([
      'queue/src/work/settle.lua LREM',
      'queue/src/replay/step.lua XDEL',
      'queue/src/replay/replays.ts zrem',
    ]),
  );
});

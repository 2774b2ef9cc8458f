import { expect, test } from '@jest/globals';
import type { Config } from '@meterbridge/config';
import type { SeenPaths } from '@meterbridge/queue';
import { judgePaths } from './check-paths.js';

const configOf = (when: string | undefined, only?: string[]) =>
  ({
    sources: [{ name: 'backend' }, { name: 'web' }],
    destinations: [{ name: 'lago', rules: [{ name: 'calls', when, sources: only }] }],
  }) as unknown as Config;

const seen = (paths: string[], sampled = 20): SeenPaths => ({ paths: new Set(paths), sampled });
const NOTHING = seen([], 0);

/** The paths that are warned of, by what was seen of `backend` and of `web`. */
const details = (config: Config, backend: SeenPaths, web: SeenPaths) =>
  judgePaths(config, new Map(Object.entries({ backend, web }))).map(({ detail }) => detail);

test.each<[string, Config, SeenPaths, SeenPaths, boolean]>([
  ['a path that no event had', configOf('properties.tokns > 0'), seen(['properties.tokens']), seen([]), true],
  [
    'a path that events of one source had',
    configOf('properties.tokns > 0'),
    seen([]),
    seen(['properties.tokns']),
    false,
  ],
  [
    'a path that events of another source had',
    configOf('properties.tokns > 0', ['backend']),
    seen([]),
    seen(['properties.tokns']),
    true,
  ],
  ['a path at the root', configOf('userId = "u"'), seen([]), seen([]), false],
  ['no filter', configOf(undefined), seen([]), seen([]), false],
  ['too little was seen', configOf('properties.tokns > 0'), seen([], 19), seen([], 19), false],
  ['too little was seen of one source', configOf('properties.tokns > 0'), seen([]), NOTHING, false],
  ['too many paths to keep all', configOf('properties.tokns > 0'), seen(['*']), seen([]), false],
])('%s', (_what, config, backend, web, isWarned) => {
  expect(details(config, backend, web)).toHaveLength(isWarned ? 1 : 0);
});

test('says which paths there are instead', () => {
  const config = configOf('properties.tokns > 0', ['backend']);
  const paths = ['properties.tokens', 'properties.model', 'properties.model.size', 'traits.plan'];
  expect(details(config, seen(paths, 37), NOTHING)).toEqual([
    'its filter reads properties.tokns, which none of the 37 events had that were looked into in the last fourteen days. There were properties.model, properties.tokens',
  ]);
  expect(details(config, seen(['traits.plan']), NOTHING)[0]).toMatch(/There was nothing below properties$/);
  const many = Array.from({ length: 12 }, (_, index) => `properties.p${index}`);
  expect(details(config, seen(many), NOTHING)[0]).toMatch(/properties\.p7, and 2 more$/);
});

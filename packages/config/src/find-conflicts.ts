import { isPlaceholder } from './find-placeholders.js';
import type { ConfigProblem } from './problem.js';

/** What the file says before it is known to be right. */
type Loose = Record<string, unknown>;

/**
 * What is wrong between one part of the file and another. It reads the file as it stands, so that a
 * mistake elsewhere does not hide these.
 * @param arePlaceholdersTold each placeholder is told by itself: that two have the same one is no news
 */
export function findConflicts(
  data: unknown,
  { arePlaceholdersTold }: { arePlaceholdersTold: boolean },
): ConfigProblem[] {
  const file = asObject(data);
  const sources = asList(file.sources);
  const destinations = asList(file.destinations);
  return [
    ...findRepeats(sources, 'sources'),
    ...findRepeats(destinations, 'destinations'),
    ...findReserved(destinations),
    ...findSharedKeys(sources, arePlaceholdersTold),
    ...findHashWithoutKey(sources, file.privacyKey),
    ...findForgettingWithoutKey(sources, file.privacyKey),
    ...findUnknownSources(destinations, new Set(sources.map(({ name }) => name))),
  ];
}

function findRepeats(items: readonly Loose[], list: string): ConfigProblem[] {
  return items.flatMap(({ name }, index) =>
    typeof name === 'string' && items.findIndex((item) => item.name === name) < index
      ? [{ path: [list, index, 'name'], message: 'this name is taken already' }]
      : [],
  );
}

/** Events that are no Segment events are dead letters under this name. */
function findReserved(destinations: readonly Loose[]): ConfigProblem[] {
  return destinations.flatMap(({ name }, index) =>
    name === 'receiver'
      ? [{ path: ['destinations', index, 'name'], message: 'this name is taken by the receiver itself' }]
      : [],
  );
}

/** One key for two sources: nobody could say whose event it is. */
function findSharedKeys(sources: readonly Loose[], arePlaceholdersTold: boolean): ConfigProblem[] {
  const owners = new Map<unknown, number>();
  return sources.flatMap((source, index) => {
    const list = Array.isArray(source.writeKeys) ? source.writeKeys : [];
    return [source.writeKey, ...list].flatMap((key) => {
      if (typeof key !== 'string' || key === '' || (arePlaceholdersTold && isPlaceholder(key))) return [];
      const owner = owners.get(key) ?? index;
      owners.set(key, owner);
      if (owner === index) return [];
      const message = isPlaceholder(key)
        ? `has the placeholder of sources[${owner}] for a write key; make up one for each: openssl rand -hex 16`
        : `shares a write key with sources[${owner}]`;
      return [{ path: ['sources', index], message }];
    });
  });
}

/** No key is made up: a restart, or the next receiver, would hash the same value to another text. */
function findHashWithoutKey(sources: readonly Loose[], key: unknown): ConfigProblem[] {
  if (key !== undefined && key !== '') return [];
  return sources.flatMap(({ privacy }, index) => {
    const { hash } = asObject(privacy);
    if (!Array.isArray(hash) || hash.length === 0) return [];
    const message =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
      'needs a key: write privacyKey: ${METERBRIDGE_PRIVACY_KEY} at the root of the file and set the variable to what `openssl rand -hex 32` prints; sha256 needs none, and whoever guesses a value finds it';
    return [{ path: ['sources', index, 'privacy', 'hash'], message }];
  });
}

/** Which call it was and whom it was about are remembered by the key alone, and so is who is refused later. */
function findForgettingWithoutKey(sources: readonly Loose[], key: unknown): ConfigProblem[] {
  if (key !== undefined && key !== '') return [];
  const message =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
    'forget needs a key: write privacyKey: ${METERBRIDGE_PRIVACY_KEY} at the root of the file and set the variable to what `openssl rand -hex 32` prints';
  return sources.flatMap(({ deleteCalls }, index) =>
    deleteCalls === 'forget' ? [{ path: ['sources', index, 'deleteCalls'], message }] : [],
  );
}

function findUnknownSources(destinations: readonly Loose[], names: ReadonlySet<unknown>): ConfigProblem[] {
  return destinations.flatMap((destination, at) =>
    asList(destination.rules).flatMap((rule, ruleAt) =>
      (Array.isArray(rule.sources) ? rule.sources : []).flatMap((name, nameAt) =>
        names.has(name)
          ? []
          : [
              {
                path: ['destinations', at, 'rules', ruleAt, 'sources', nameAt],
                message: 'no source has this name',
              },
            ],
      ),
    ),
  );
}

function asObject(value: unknown): Loose {
  return typeof value === 'object' && value !== null ? (value as Loose) : {};
}

function asList(value: unknown): Loose[] {
  return Array.isArray(value) ? value.map(asObject) : [];
}

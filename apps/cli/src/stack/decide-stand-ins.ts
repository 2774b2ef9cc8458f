import { isPlaceholder, SANDBOX_KEY } from '@meterbridge/config';
import { kindOf } from '@meterbridge/destinations';
import { SANDBOX_APIS } from '@meterbridge/sandbox/apis';

type Api = (typeof SANDBOX_APIS)[number];

/** The key of a demonstration, and of the first source without one; a real one comes from SEGMENT_WRITE_KEY. */
export const DEMO_WRITE_KEY = 'demo-write-key';

/** Stands for a key that is not set beside one that is: nothing is ever sent with it, since its destination is held. */
export const NO_KEY = 'no-key-set';

/** Why such a destination is held, by `up` itself: a person lets it go by setting the key. */
export const HELD_WITHOUT_KEY = 'its API key is not set';

/** What a stack makes up for itself, by which keys are set. */
export type StandIns = {
  /** The APIs that the sandbox stands in for: each that has no key, where no other is real. */
  sandbox: Api[];
  /** The APIs whose destinations are held, since they have no key and another one is real. */
  held: Api[];
  /** By variable, of sources whose key is not set: none where whoever guesses it would send usage that is billed. */
  writeKeys: Record<string, string>;
};

/**
 * Decides what stands in for keys that are not set. Beside a real API nothing is made up: what went to the sandbox
 * would count as delivered, and a known write key would open billing to anyone. Where none is real, what stands in
 * `.env.example` counts as not set. Pure.
 * @param keyVariables the variables that the sources' write keys come from, in their order
 */
export function decideStandIns(env: Environment, keyVariables: readonly string[]): StandIns {
  if (namesRealApi(env)) {
    return { sandbox: [], held: SANDBOX_APIS.filter((api) => !keyOf(api, env)), writeKeys: {} };
  }
  // Each its own: a key says whose an event is.
  const keys = keyVariables.map((name, index): [string, string] => [
    name,
    index === 0 ? DEMO_WRITE_KEY : `${DEMO_WRITE_KEY}-${index + 1}`,
  ]);
  return {
    sandbox: SANDBOX_APIS.filter((api) => isUnset(keyOf(api, env))),
    held: [],
    writeKeys: Object.fromEntries(keys.filter(([name]) => isUnset(env[name]))),
  };
}

/** Whether the key of an API that bills is set. Pure. */
export function namesRealApi(env: Environment): boolean {
  return SANDBOX_APIS.some((api) => !isUnset(keyOf(api, env)) && keyOf(api, env) !== SANDBOX_KEY);
}

/** Whether nobody has set a key yet. Pure. */
export function isUnset(key: string | undefined): boolean {
  return !key || isPlaceholder(key);
}

type Environment = Readonly<Record<string, string | undefined>>;

function keyOf(api: Api, env: Environment): string | undefined {
  return env[kindOf(api).env.apiKey];
}

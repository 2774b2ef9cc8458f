import { destinationTypes, kindOf } from '@meterbridge/destinations';
import { FUNCTION_VARIABLE, PRIVACY_KEY_VARIABLE, WEBHOOK_VARIABLE } from './draft.js';

const HINTS: Record<string, { about: string; value: string }> = {
  [WEBHOOK_VARIABLE]: {
    about: "The shared secret of Segment's webhook destination. Empty: webhooks are refused.",
    value: '',
  },
  [FUNCTION_VARIABLE]: {
    about: 'The secret of the Segment Function that forwards events. Empty: there is none.',
    value: '',
  },
  [PRIVACY_KEY_VARIABLE]: {
    about:
      'What `hash` in a privacy hashes with: openssl rand -hex 32. Empty: no hash. A new one makes other hashes.',
    value: '',
  },
  ...Object.fromEntries(
    destinationTypes.map(kindOf).flatMap(({ title, env, about, defaults }) => [
      [env.url, { about: `${title}: ${about.url}`, value: defaults.url }],
      [env.apiKey, { about: `The key of ${title}'s API.`, value: 'change-me' }],
    ]),
  ),
};

const WRITE_KEY = {
  about:
    'The key your clients send with; any text that is hard to guess, and of each source its own: openssl rand -hex 16.',
  value: 'change-me',
};

/**
 * What `.env.example` has to say about variables it does not name yet: added behind what is there, which stays as it is
 * but for the given values. Null where it has all of them.
 * @param text what the file holds now; empty where there is none
 * @param values of variables that the configuration has another standard for: whoever copies the file must not be sent
 *   elsewhere by it
 */
export function extendEnvExample(
  text: string,
  variables: readonly string[],
  values: ReadonlyMap<string, string> = new Map(),
): string | null {
  const corrected = text.replace(
    /^([ \t]*(?:export[ \t]+)?(\w+)=).*$/gm,
    (line, beginning: string, name: string) => {
      const value = values.get(name);
      return value === undefined ? line : `${beginning}${value}`;
    },
  );
  const extended = addMissing(corrected, variables, values);
  return extended === text ? null : extended;
}

function addMissing(text: string, variables: readonly string[], values: ReadonlyMap<string, string>): string {
  const named = new Set(
    [...text.matchAll(/^[ \t]*#?[ \t]*(?:export[ \t]+)?(\w+)=/gm)].map(([, name]) => name),
  );
  const missing = variables.filter((name) => !named.has(name));
  if (missing.length === 0) return text;
  const before = text === '' ? '# Copy to .env, or set these where your platform keeps secrets.\n' : text;
  const hints = missing.map((name) => {
    const { about, value } = HINTS[name] ?? WRITE_KEY;
    return `# ${about}\n${name}=${values.get(name) ?? value}\n`;
  });
  return `${before.endsWith('\n') ? before : `${before}\n`}\n${hints.join('')}`;
}

import {
  type DestinationType,
  type DraftSource,
  escapeKey,
  KINDS,
  snakeCase,
} from '@meterbridge/config-draft';
import { destinationKinds } from '@meterbridge/destinations';
import { nameSchema, pathSchema } from '@meterbridge/usage-mapping';
import type { Answers, Usage } from './answers.js';
import type { Ask, Reading } from './ask.js';

const NONE = '-';
const EVERY = '*';
const LOOKUP = 'lookup';

/** Asks for what a configuration needs to know. Every question has a standard answer that works. */
export async function askAll(ask: Ask): Promise<Answers> {
  const destinations = await ask({
    text: 'Where does usage go: lago, hyperline or both?',
    standard: 'both',
    read: readDestinations,
  });
  const hasLago = destinations.includes('lago');
  const lagoUrl = hasLago
    ? await ask({
        text: "Lago's origin (https://api.eu.getlago.com in Europe, or your own Lago)?",
        standard: KINDS.lago.url,
        read: readLagoUrl,
      })
    : KINDS.lago.url;
  const sources = await askSources(ask);
  const usage = await askUsage(ask, hasLago);
  const subscription = hasLago
    ? await ask({
        text: `Who is billed in Lago: paths to the external id of the subscription, the first that is there; or ${LOOKUP} to have Lago asked for the customer's?`,
        standard: 'properties.subscription_id, context.groupId, userId',
        read: readSubscription,
      })
    : [];
  const customer = destinations.includes('hyperline')
    ? await ask({
        text: "Who is billed in Hyperline: paths to the customer's id or external id, the first that is there?",
        standard: 'context.groupId, userId',
        read: readPaths,
      })
    : [];
  return { destinations, lagoUrl, sources, usage, subscription, customer };
}

async function askSources(ask: Ask): Promise<DraftSource[]> {
  const names = await ask({
    text: 'What are your Segment sources called here, with commas between?',
    standard: 'backend',
    read: readNames,
  });
  const sources: DraftSource[] = [];
  for (const [index, name] of names.entries()) {
    const taken = sources.map(({ writeKeyVariable }) => writeKeyVariable);
    const own = `${name.toUpperCase().replaceAll('-', '_')}_WRITE_KEY`;
    const writeKeyVariable = await ask({
      text: `Which environment variable holds the write key of ${name}?`,
      standard: index === 0 ? 'SEGMENT_WRITE_KEY' : own,
      read: (answer) => readVariable(answer, taken),
    });
    sources.push({ name, writeKeyVariable });
  }
  return sources;
}

async function askUsage(ask: Ask, hasLago: boolean): Promise<Usage[]> {
  const events = await ask({
    text: `Which track events are usage: their names with commas between, or ${EVERY} for every one?`,
    standard: 'API Call',
    read: readEvents,
  });
  const usage: Usage[] = [];
  for (const event of events) {
    const what = event === null ? 'an event' : `"${event}"`;
    const quantity = await ask({
      text: `Which property of ${what} is the quantity; ${NONE} where each counts as one?`,
      standard: event === null ? NONE : 'tokens',
      read: readQuantity,
    });
    const code = hasLago
      ? await ask({
          text: `What is the code of Lago's billable metric for ${what}; ${NONE} for the event's name?`,
          standard: event === null ? NONE : snakeCase(event),
          read: (answer) => took(answer === NONE ? null : answer),
        })
      : null;
    usage.push({ event, quantity, code });
  }
  return usage;
}

function readDestinations(answer: string): Reading<DestinationType[]> {
  const word = answer.toLowerCase();
  if (word === 'both') return took(['lago', 'hyperline']);
  if (word === 'lago' || word === 'hyperline') return took([word]);
  return refused('lago, hyperline or both was expected');
}

function readLagoUrl(answer: string): Reading<string> {
  const parsed = destinationKinds.lago.settingsSchema.shape.url.safeParse(answer);
  return parsed.success ? took(parsed.data) : refused(parsed.error.issues[0]!.message);
}

function readNames(answer: string): Reading<string[]> {
  const names = splitList(answer);
  const problem = names.map((name) => nameSchema.safeParse(name).error?.issues[0]?.message).find(Boolean);
  if (problem) return refused(problem);
  if (new Set(names).size < names.length) return refused('one name twice');
  return names.length > 0 ? took(names) : refused('at least one name was expected');
}

/** A key that somebody pastes must not end up in the file. */
function readVariable(answer: string, taken: readonly string[]): Reading<string> {
  if (!/^[A-Z][A-Z0-9_]*$/.test(answer)) {
    return refused(
      'the name of a variable was expected, such as SEGMENT_WRITE_KEY; the key itself is no part of the file',
    );
  }
  return taken.includes(answer) ? refused('two sources cannot share a write key') : took(answer);
}

function readEvents(answer: string): Reading<(string | null)[]> {
  if (answer === EVERY) return took([null]);
  const names = [...new Set(splitList(answer))];
  return names.length > 0 ? took(names) : refused('at least one name was expected');
}

/** A property by its name, or by its whole path. */
function readQuantity(answer: string): Reading<string | null> {
  if (answer === NONE) return took(null);
  const isPath = /^(properties|traits|context)\../.test(answer);
  return readPath(isPath ? answer : `properties.${escapeKey(answer)}`);
}

function readSubscription(answer: string): Reading<string[] | 'lookup'> {
  return answer === LOOKUP ? took('lookup') : readPaths(answer);
}

function readPaths(answer: string): Reading<string[]> {
  const paths: string[] = [];
  for (const part of splitList(answer)) {
    const path = readPath(part);
    if (!path.ok) return path;
    paths.push(path.value);
  }
  return paths.length > 0 ? took(paths) : refused('a path was expected, such as context.groupId');
}

function readPath(text: string): Reading<string> {
  const parsed = pathSchema.safeParse(text);
  return parsed.success ? took(parsed.data) : refused(parsed.error.issues[0]!.message);
}

function splitList(answer: string): string[] {
  return answer
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function took<T>(value: T): Reading<T> {
  return { ok: true, value };
}

function refused(problem: string): Reading<never> {
  return { ok: false, problem };
}

import { type DraftSource, escapeKey, snakeCase } from '@meterbridge/config-draft';
import { type DestinationType, destinationKinds, destinationTypes, kindOf } from '@meterbridge/destinations';
import { nameSchema, pathSchema } from '@meterbridge/usage-mapping';
import { listWords } from '../terminal/list-words.js';
import type { AnsweredDestination, Answers, Usage } from './answers.js';
import type { Ask, Reading } from './ask.js';

const NONE = '-';
const EVERY = '*';
const LOOKUP = 'lookup';
const ALL = destinationTypes.length === 2 ? 'both' : 'all';

/** Asks for what a configuration needs to know. Every question has a standard answer that works. */
export async function askAll(ask: Ask): Promise<Answers> {
  const types = await ask({
    text: `Where does usage go: ${listWords([...destinationTypes, ALL], 'or')}?`,
    standard: ALL,
    read: readDestinations,
  });
  const urls = await askEach(types, (type) => askUrl(ask, type));
  const sources = await askSources(ask);
  const usage = await askUsage(ask, types);
  const destinations = await askEach(types, async (type, index) => ({
    type,
    url: urls[index]!,
    who: await askWho(ask, type),
  }));
  return { destinations, sources, usage };
}

/** One question after the other. */
async function askEach<Item, T>(
  items: readonly Item[],
  askOne: (item: Item, index: number) => Promise<T>,
): Promise<T[]> {
  const answers: T[] = [];
  for (const [index, item] of items.entries()) answers.push(await askOne(item, index));
  return answers;
}

async function askUrl(ask: Ask, type: DestinationType): Promise<string> {
  const { title, defaults, draft } = kindOf(type);
  if (draft.otherUrls === undefined) return defaults.url;
  return ask({
    text: `${title}'s origin (${draft.otherUrls})?`,
    standard: defaults.url,
    read: (answer) => readUrl(answer, type),
  });
}

async function askWho(ask: Ask, type: DestinationType): Promise<AnsweredDestination['who']> {
  const { title, draft } = kindOf(type);
  const { id, paths, canBeLookedUp } = draft.who;
  const orLookup = canBeLookedUp ? `; or ${LOOKUP} to have ${title} asked for the customer's` : '';
  return ask<AnsweredDestination['who']>({
    text: `Who is billed in ${title}: paths to ${id}, the first that is there${orLookup}?`,
    standard: paths,
    read: (answer) => (canBeLookedUp && answer === LOOKUP ? took(LOOKUP) : readPaths(answer)),
  });
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

async function askUsage(ask: Ask, types: readonly DestinationType[]): Promise<Usage[]> {
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
    const metrics: Usage['metrics'] = {};
    for (const type of types) {
      const { metric } = kindOf(type).draft;
      if (metric === undefined) continue;
      metrics[type] = await ask({
        text: `What is ${metric} for ${what}; ${NONE} for the event's name?`,
        standard: event === null ? NONE : snakeCase(event),
        read: (answer) => took(answer === NONE ? null : answer),
      });
    }
    usage.push({ event, quantity, metrics });
  }
  return usage;
}

function readDestinations(answer: string): Reading<readonly DestinationType[]> {
  const word = answer.toLowerCase();
  if (word === ALL) return took(destinationTypes);
  const type = destinationTypes.find((each) => each === word);
  return type ? took([type]) : refused(`${listWords([...destinationTypes, ALL], 'or')} was expected`);
}

function readUrl(answer: string, type: DestinationType): Reading<string> {
  const parsed = destinationKinds[type].settingsSchema.shape.url.safeParse(answer);
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

import { destinationTypes, kindOf } from '@meterbridge/destinations';
import type { ConfigProblem, ProblemPath } from './problem.js';

/** What billing APIs and payment companies begin their secret keys with. */
const KEY = /\b(?:(?:sk|rk|pk)_(?:live|test)_|(?:sk|rk|whsec)_(?=[A-Za-z]*\d))[A-Za-z0-9]{8,}/;
/** Of a field that holds a secret: what begins like a key of an API, or is as long as one. */
const LIKE_A_SECRET = /^(?:sk|rk|pk|whsec|prod|live|test)_.{8,}$|^.{20,}$/s;
/** A variable as other languages write it. */
const OTHER_VARIABLE = /^(?:\$|\$\(|\{\{ *|%)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:\)| *\}\}|%)?$/;

/** Fields that hold secrets, by the variables they are mostly read from. */
const SECRET_FIELDS = new Map<unknown, string | undefined>([
  ['writeKey', 'SEGMENT_WRITE_KEY'],
  ['writeKeys', 'SEGMENT_WRITE_KEY'],
  ['webhookSecret', 'SEGMENT_WEBHOOK_SECRET'],
  ['webhookSecrets', 'SEGMENT_WEBHOOK_SECRET'],
  ['functionSecret', 'SEGMENT_FUNCTION_SECRET'],
  ['functionSecrets', 'SEGMENT_FUNCTION_SECRET'],
  ['apiKey', undefined],
  ['webhookKey', 'WEBHOOK_KEY'],
]);

/**
 * Finds secrets that are written into the file, where everyone reads them who may read it: in the fields that hold
 * some, and anywhere what begins like a key. No problem shows one.
 * @param data the file as it is written, before variables are replaced
 */
export function findWrittenSecrets(data: unknown): ConfigProblem[] {
  return findIn(data, [], variableOf(data));
}

type NameVariable = (path: ProblemPath) => string;

function findIn(value: unknown, path: ProblemPath, nameOf: NameVariable): ConfigProblem[] {
  if (typeof value === 'string') return findInText(value, path, nameOf);
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, item]) => {
    if (KEY.test(key)) return [{ path, message: `a key of this object is a secret; ${REMOVE}` }];
    return findIn(item, [...path, isList ? Number(key) : key], nameOf);
  });
}

function findInText(text: string, path: ProblemPath, nameOf: NameVariable): ConfigProblem[] {
  const name = nameOf(path);
  if (name === '') return KEY.test(text) ? [{ path, message: `a secret is written here; ${REMOVE}` }] : [];
  const other = OTHER_VARIABLE.exec(text)?.[1];
  if (other !== undefined) return [{ path, message: `a variable is written \${${other}}` }];
  const [, standIn = text.includes('${') ? '' : text] = /\$\{\w+:-([^}]*)\}/.exec(text) ?? [];
  if (!LIKE_A_SECRET.test(standIn) && !KEY.test(text)) return [];
  return [
    {
      path,
      message: `a secret is written here: put it into the environment, and write \${${name}}; ${REMOVE}`,
    },
  ];
}

const REMOVE = 'replace one that others may have seen';

/** Names the variable for what stands at a path; empty where no secret belongs there. */
function variableOf(data: unknown): NameVariable {
  return (path) => {
    const [part, index, field] = path;
    if ((part !== 'sources' && part !== 'destinations') || !SECRET_FIELDS.has(field)) return '';
    const type = (data as Record<string, { type?: unknown }[]>)[part]?.[index as number]?.type;
    const known = destinationTypes.find((each) => each === type);
    return SECRET_FIELDS.get(field) ?? (known ? kindOf(known).env.apiKey : 'API_KEY');
  };
}

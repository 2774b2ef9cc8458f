import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const FILE = fileURLToPath(new URL('../../../../shared/data/lago-openapi.yaml', import.meta.url));

/** Each returns what is wrong, in words; empty where all is well. */
export type LagoContract = {
  /** `path` as in the document: '/events/batch', '/events/{transaction_id}'. */
  checkRequest: (method: 'get' | 'post', path: string, body: unknown) => string[];
  checkResponse: (method: 'get' | 'post', path: string, status: number, body: unknown) => string[];
};

/**
 * Lago's own OpenAPI document as a judge of requests and answers; undefined where the document is not at hand,
 * and the test must skip.
 */
export function loadLagoContract(): LagoContract | undefined {
  if (!existsSync(FILE)) return undefined;
  const document: unknown = parse(readFileSync(FILE, 'utf8'));
  loosenScalars(document);
  // Unwatched: the document names formats of its own, and says so on each use.
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  addFormats.default(ajv);
  ajv.addSchema(document as AnySchema, 'lago');

  function check(pointer: string[], body: unknown): string[] {
    const found = follow(document, pointer);
    if (found === undefined) return [`the document has no ${pointer.join(' ')}`];
    const $ref = `lago#/${found.map(toPointer).join('/')}/content/${toPointer('application/json')}/schema`;
    const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref });
    if (validate(body)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`);
  }
  return {
    checkRequest: (method, path, body) => check(['paths', path, method, 'requestBody'], body),
    checkResponse: (method, path, status, body) =>
      check(['paths', path, method, 'responses', String(status)], body),
  };
}

/**
 * The document allows a property `oneOf` string, integer, number: taken literally, no integer passes, since
 * it is a number too; not even the document's own example. What is meant is `anyOf`.
 */
function loosenScalars(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const schema = node as Record<string, unknown>;
  if (Array.isArray(schema.oneOf) && schema.oneOf.every(isBareType)) {
    schema.anyOf = schema.oneOf;
    delete schema.oneOf;
  }
  for (const child of Object.values(schema)) loosenScalars(child);
}

function isBareType(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Object.keys(schema).join() === 'type';
}

/** Where a pointer ends once a `$ref` at its end is followed. */
function follow(document: unknown, pointer: string[]): string[] | undefined {
  let node: unknown = document;
  for (const name of pointer) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = (node as Record<string, unknown>)[name];
  }
  if (typeof node !== 'object' || node === null) return undefined;
  const { $ref } = node as { $ref?: string };
  return $ref === undefined ? pointer : $ref.slice(2).split('/');
}

function toPointer(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
}

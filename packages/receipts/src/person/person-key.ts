import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile } from '../durable-file.js';

/*
 * Rows say whose they are by an HMAC, so that a person who is to be forgotten is found, and a file of rows alone names
 * nobody. The key lies in the store and nowhere else.
 */

/** Begins with a dot: it is no shard's folder. */
const FILE = '.person-key';
const OWNER_ONLY = 0o600;
const KEY_BYTES = 32;
/** 96 bits: two people are told apart, and a row stays narrow. */
const HASH_LENGTH = 16;
const CHECK_LENGTH = 12;
/** Ids that are remembered: a person has many events, and an HMAC takes as long as a third of a row's conversion. */
const MAX_KNOWN = 50_000;

/** What stands for an id in a row; nothing for an empty one. */
export type HashId = (id: string) => string | undefined;

export type PersonKey = {
  /** Tells this key from another, and says nothing of it. */
  check: string;
  hashId: HashId;
};

/** Undefined where the store has none yet. @param dir the store */
export async function readPersonKey(dir: string): Promise<PersonKey | undefined> {
  const text = await readFile(join(dir, FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : compileKey(text.trim(), join(dir, FILE));
}

/** Gives a store a key where it has none: the first one for good, whoever else does the same at this moment. */
export async function makePersonKey(dir: string): Promise<void> {
  if ((await readPersonKey(dir)) !== undefined) return;
  await createFile(join(dir, FILE), `${randomBytes(KEY_BYTES).toString('hex')}\n`, OWNER_ONLY);
}

function compileKey(hex: string, file: string): PersonKey {
  const key = Buffer.from(hex, 'hex');
  if (key.length !== KEY_BYTES) throw new Error(`${file} is damaged: put it back from a copy`);
  const digest = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  const known = new Map<string, string>();
  return {
    check: digest('\0check').slice(0, CHECK_LENGTH),
    hashId(id) {
      if (id === '') return undefined;
      const found = known.get(id);
      if (found !== undefined) return found;
      if (known.size >= MAX_KNOWN) known.clear();
      const hash = digest(id).slice(0, HASH_LENGTH);
      known.set(id, hash);
      return hash;
    },
  };
}

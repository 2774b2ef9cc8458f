import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import * as z from 'zod';
import { OperationError } from '../operation-error.js';
import { canonicalJson } from './canonical-json.js';
import { readStatement, type Statement } from './statement.js';

const signedSchema = z.strictObject({
  statement: z.unknown(),
  /** Over the canonical JSON of the statement. Base64. */
  signature: z.strictObject({ algorithm: z.literal('Ed25519'), publicKey: z.string(), value: z.string() }),
});

/** A new key, as PEM. */
export function makeSigningKey(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: pemOf(publicKey),
  };
}

/**
 * Reads a private key.
 * @param pem its text, which no message repeats
 * @throws OperationError (`invalid_input`)
 */
export function readSigningKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below.
  }
  throw new OperationError(
    'invalid_input',
    'That is no private Ed25519 key in PEM. --make-key <file> makes one.',
  );
}

/** @throws OperationError (`invalid_input`) */
export function readPublicKey(pem: string): KeyObject {
  const key = publicKeyOf(pem);
  // A private key would be read as the public one that it holds, and then lie about among those who verify.
  if (key && !pem.includes('PRIVATE')) return key;
  throw new OperationError('invalid_input', 'That is no public Ed25519 key in PEM.');
}

function publicKeyOf(pem: string): KeyObject | null {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

/** The statement's file: canonical JSON, and a line's end. */
export function signStatement(statement: Statement, key: KeyObject): string {
  const value = sign(null, Buffer.from(canonicalJson(statement)), key).toString('base64');
  const signature = { algorithm: 'Ed25519', publicKey: pemOf(createPublicKey(key)), value };
  return `${canonicalJson({ statement, signature })}\n`;
}

export type SignedStatement = {
  statement: Statement;
  /** Of whoever signed it, PEM. */
  publicKey: string;
  /** Why the signature proves nothing; null where it is the key's, and the statement is as it was signed. */
  doubt: string | null;
};

/**
 * Reads a statement's file.
 * @param expected the key that has to have signed it; where left out, the one that the file names itself
 * @throws OperationError (`invalid_input`) for what is no statement
 */
export function readSigned(text: string, expected?: KeyObject): SignedStatement {
  const signed = signedSchema.safeParse(readJson(text)).data;
  const statement = signed && readStatement(signed.statement);
  if (!signed || !statement) {
    throw new OperationError('invalid_input', 'That is no statement of a form that this version knows.');
  }
  const { publicKey, value } = signed.signature;
  const own = publicKeyOf(publicKey);
  const bytes = Buffer.from(canonicalJson(signed.statement));
  const isSigned = own !== null && verify(null, bytes, own, Buffer.from(value, 'base64'));
  const isExpected = expected === undefined || (own !== null && pemOf(own) === pemOf(expected));
  const wrong = isExpected ? null : 'it was signed by another key';
  return { statement, publicKey, doubt: isSigned ? wrong : 'the signature is not of this text' };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

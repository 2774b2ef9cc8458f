import { makeSigningKey } from '@meterbridge/operations';
import { print } from '../../terminal/print.js';
import { printNoteText } from '../../terminal/wrap-text.js';
import { writeNew } from './text-files.js';

/** Makes a key that signs statements; what verifies them is printed. */
export async function makeKey(file: string): Promise<void> {
  const { privateKey, publicKey } = makeSigningKey();
  await writeNew(file, privateKey, 0o600);
  printNoteText(`${file} signs: keep it where only who closes can read it. Give this one to who verifies:`);
  print(publicKey.trimEnd());
}

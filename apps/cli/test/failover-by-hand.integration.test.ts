import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Letter, type LetterEntry, writePortable } from '@meterbridge/operations';
import { lookAtGate, RECEIVER, readDeadLetters } from '@meterbridge/queue';
import { discardLetters } from '../src/commands/dead-letters/discard.js';
import { editInEditor } from '../src/commands/dead-letters/edit.js';
import { importFromFile } from '../src/commands/dead-letters/import.js';
import { replayDeadLetters } from '../src/commands/dead-letters/replay.js';
import { hold, resume } from '../src/commands/hold/command.js';
import { type FailingOver, useFailingOver } from './failing-over.js';
import { makeTracks } from './retrying-client.js';

const failing = useFailingOver();
const command = {
  error(message: string): never {
    throw new Error(message);
  },
};

/** Of the step that adds the receiver's letters to a queue. */
const ADDED = '"rejections":"[';

async function lettersOf(at: FailingOver): Promise<LetterEntry[]> {
  const letters: LetterEntry[] = [];
  for await (const entry of readDeadLetters<Letter>(RECEIVER, at.look())) letters.push(entry);
  return letters;
}

describe("the receiver's letters, whose deliveries the old master alone was given", () => {
  test('are added again before a replay takes them away', async () => {
    const at = await failing.open();
    await at.reject(50);
    at.changeOverAt(ADDED);
    await replayDeadLetters([], { all: true, yes: true, wait: false, json: true }, command);
    expect(await at.account(RECEIVER)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
    for (const name of ['lago', 'hyperline']) {
      expect([name, await at.account(name)]).toMatchObject([
        name,
        { accepted: 50, inFlight: 50, difference: 0 },
      ]);
    }
    expect(at.output()).toContain('"replayed": 50');
  });

  test('have the first times that the new master was told', async () => {
    const at = await failing.open();
    for (const raw of makeTracks(3, { timestamp: undefined })) await at.reject(1, { raw });
    at.changeOverAt('{times}');
    await replayDeadLetters([], { all: true, yes: true, wait: false, json: true }, command);
    expect(await at.account('lago')).toMatchObject({ accepted: 3, inFlight: 3, difference: 0 });
    expect(await at.look().keys('meterbridge:{times}:*')).toHaveLength(3);
  });

  test('are added again before an edit takes one away', async () => {
    const at = await failing.open();
    const [raw] = makeTracks(1, { type: undefined });
    await at.reject(1, { raw, reason: 'missing_type' });
    const [{ id }] = (await lettersOf(at)) as [LetterEntry];
    const editor = join(at.folder, 'editor.sh');
    await writeFile(editor, `#!/bin/sh\nsed -i '1s/{/{ "type": "track",/' "$1"\n`);
    await chmod(editor, 0o755);
    process.env.EDITOR = editor;
    at.changeOverAt(ADDED);
    await editInEditor(id, { yes: true });
    expect(at.output()).toContain('is on its queue');
    expect(await at.account(RECEIVER)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
    for (const name of ['lago', 'hyperline']) {
      expect([name, await at.account(name)]).toMatchObject([
        name,
        { accepted: 1, inFlight: 1, difference: 0 },
      ]);
    }
  });
});

describe('what the old master alone was told is not said to be done', () => {
  async function expectUnsure(act: () => Promise<void>): Promise<void> {
    const unsure = await act().catch((error: unknown) => error);
    expect(unsure).toMatchObject({
      code: 'not_certain',
      message: expect.stringMatching(/^Redis has it, but 0 of 1 replicas .*say it again/s),
    });
    for (const line of (unsure as Error).message.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  }

  test('a hold', async () => {
    const at = await failing.open();
    at.loseAt('handHold');
    await expectUnsure(() => hold('lago', { reason: 'a wrong mapping' }));
    expect(at.output()).not.toContain('is held');
    expect((await lookAtGate('lago', at.look())).handHold).toBeNull();
  });

  test('a resume', async () => {
    const at = await failing.open();
    await hold('lago', { reason: 'a wrong mapping' });
    at.loseAt('"handHold":null');
    await expectUnsure(() => resume('lago', {}));
    expect((await lookAtGate('lago', at.look())).handHold).not.toBeNull();
  });

  test('a discard', async () => {
    const at = await failing.open();
    await at.reject(50);
    at.loseAt('"what":"discarded"');
    await expectUnsure(() => discardLetters([], { all: true, because: 'tests', yes: true }, command));
    expect(at.output()).not.toContain('50 discarded');
    expect(await at.account(RECEIVER)).toMatchObject({ dead: 50 });
  });

  test('an import', async () => {
    const at = await failing.open();
    await at.reject(50);
    const file = join(at.folder, 'letters.ndjson');
    await writeFile(file, (await lettersOf(at)).map((entry) => `${writePortable(entry)}\n`).join(''));
    await discardLetters([], { all: true, because: 'tests', yes: true }, command);
    at.loseAt('"because":"imported"');
    await expectUnsure(() => importFromFile(file, {}));
    expect(at.output()).not.toMatch(/50 +imported/);
    expect(await at.account(RECEIVER)).toMatchObject({ dead: 0 });
  });
});

import type { ChainableCommander, Redis } from 'ioredis';
import { asRefusal } from './errors.js';

/** A script's text and the names of what it is given, as the head of its file has them (packages/tooling/lua.mjs). */
export type ScriptText = { keys: readonly string[]; args: readonly string[]; lua: string };

/** By name: `name?` may be undefined, and `...name` is a list. */
type Given<Name extends string, Value> = {
  [Each in Name as Each extends `...${infer Rest}`
    ? Rest
    : Each extends `${infer Optional}?`
      ? Optional
      : Each]: Each extends `...${string}`
    ? readonly Value[]
    : Each extends `${string}?`
      ? Value | undefined
      : Value;
};

type Keys<Text extends ScriptText> = Given<Text['keys'][number], string>;
type Args<Text extends ScriptText> = Given<Text['args'][number], string | number | Buffer>;

/** A Lua script: all of it happens in Redis without anything in between. */
export type Script<Text extends ScriptText> = {
  /** @throws BooksRefusedError where the script refuses; else as the client does */
  run<Result>(redis: Pick<Redis, 'eval'>, keys: Keys<Text>, args: Args<Text>): Promise<Result>;
  /** Adds it to a transaction, whose results have what it answers. */
  addTo(transaction: ChainableCommander, keys: Keys<Text>, args: Args<Text>): void;
};

/** Gives a script's keys and arguments their names; in Redis they have a place each. */
export function defineScript<const Text extends ScriptText>({
  keys: keyNames,
  args: argNames,
  lua,
}: Text): Script<Text> {
  const inOrder = (keys: Keys<Text>, args: Args<Text>) => {
    const placed = placeAll<string>(keyNames, keys);
    return [lua, placed.length, ...placed, ...placeAll<string | number | Buffer>(argNames, args)] as const;
  };
  return {
    async run<Result>(redis: Pick<Redis, 'eval'>, keys: Keys<Text>, args: Args<Text>) {
      try {
        return (await redis.eval(...inOrder(keys, args))) as Result;
      } catch (error) {
        throw asRefusal(error) ?? error;
      }
    },
    addTo(transaction, keys, args) {
      transaction.eval(...inOrder(keys, args));
    },
  };
}

function placeAll<Value>(names: readonly string[], given: object): Value[] {
  const values = given as Record<string, Value | readonly Value[] | undefined>;
  return names.flatMap((name) => values[name.replace(/^\.\.\.|\?$/g, '')] ?? []) as Value[];
}

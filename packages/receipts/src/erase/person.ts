import type { HashId } from '../person/person-key.js';

/** A person whose rows are to say nothing of them any more. */
export type PersonInRows = {
  /** Every text that stands for them as `userId`, and as `anonymousId`. */
  users: readonly string[];
  devices: readonly string[];
  /** What was settled later stays; epoch milliseconds by the clock of the shard's Redis. */
  until: number;
  /**
   * Random, the same for each file until the person is out of all of them, and kept nowhere then. By it rows of one usage
   * event are still one, in whichever files they are, and nobody can say which.
   */
  salt: string;
};

/** The same with the ids as rows have them. */
export function hashPerson({ users, devices, ...rest }: PersonInRows, hashId: HashId): PersonInRows {
  const hashAll = (ids: readonly string[]) => ids.flatMap((id) => hashId(id) ?? []);
  return { ...rest, users: hashAll(users), devices: hashAll(devices) };
}

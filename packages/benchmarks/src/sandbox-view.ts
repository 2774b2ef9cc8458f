import { setTimeout as sleep } from 'node:timers/promises';

type Api = 'lago' | 'hyperline';

/** What the sandbox says of one API. */
export type Seen = {
  requests: number;
  requestsPerSecondPeak: number;
  events: { stored: number };
  ledger: { keys: number; storedAgain: number; refusedAgain: number; changed: number };
};

export type SandboxView = {
  url: string;
  look(api?: Api): Promise<Seen>;
  /** Resolves when so many different events are stored, to the time; throws when none came for a minute. */
  untilStored(events: number, api?: Api): Promise<number>;
  /** From an event's own time until it was stored, milliseconds, from the event `from` on, in order of arrival. */
  ages(from: number, api?: Api): Promise<number[]>;
};

const LOOK_EVERY_MS = 20;
const NOTHING_CAME_MS = 60_000;

export function openSandboxView(url: string): SandboxView {
  const ask = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  const look = async (api: Api = 'lago') => ((await ask('/inspect')) as Record<Api, Seen>)[api];
  return {
    url,
    look,
    async untilStored(events, api) {
      let [known, cameAt] = [0, Date.now()];
      for (;;) {
        const { keys } = (await look(api)).ledger;
        if (keys >= events) return Date.now();
        if (keys > known) [known, cameAt] = [keys, Date.now()];
        if (Date.now() - cameAt > NOTHING_CAME_MS) throw new Error(`${keys} of ${events} events were stored`);
        await sleep(LOOK_EVERY_MS);
      }
    },
    ages: async (from, api = 'lago') =>
      ((await ask(`/inspect?ages=${api}&offset=${from}`)) as { ages: number[] }).ages,
  };
}

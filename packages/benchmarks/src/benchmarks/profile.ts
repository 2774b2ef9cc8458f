import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from '../benchmark.js';
import { meterbridge } from '../designs.js';
import { sendClosed } from '../load/load.js';
import { type ProfileSummary, readProfile } from '../profile-summary.js';
import { number } from '../report.js';
import { openStage } from '../stage.js';

export type ProfileFigures = Record<string, ProfileSummary>;

const EVENTS = 400_000;
const SHOWN = 16;

/** What bounds the throughput: where receiver and worker spend their time, by V8's own profiler. */
export const profile: Benchmark = {
  name: 'profile',
  what: 'where receiver and worker spend their CPU while the throughput is measured',
  seconds: { whole: 40, short: 15 },
  async run({ short }) {
    const directory = await mkdtemp(join(tmpdir(), 'meterbridge-profile-'));
    try {
      await deliver(directory, short ? EVENTS / 4 : EVENTS);
      const profiles: Record<string, ProfileSummary> = {};
      for (const file of (await readdir(directory)).sort()) {
        const name = /^(receiver|worker)-/.exec(file)?.[1];
        if (name) profiles[name] = await readProfile(join(directory, file));
      }
      const tables = Object.entries(profiles).flatMap(([name, { byPackage, byFunction }]) => [
        { head: [`${name}, by package`, '%'], rows: toRows(byPackage) },
        { head: [`${name}, by function`, '%'], rows: toRows(byFunction) },
      ]);
      const upTo = (list: ProfileSummary['byPackage']) => list.slice(0, SHOWN * 2);
      const figures = Object.entries(profiles).map(([name, { byPackage, byFunction }]) => [
        name,
        { byPackage: upTo(byPackage), byFunction: upTo(byFunction) },
      ]);
      return { tables, goals: [], figures: Object.fromEntries(figures) satisfies ProfileFigures };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

/** The profiles are written when the processes end. */
async function deliver(profileDir: string, events: number): Promise<void> {
  const stage = await openStage({ profileDir });
  try {
    const { url } = await meterbridge.start(stage);
    await sendClosed({ url, events, perRequest: 100 });
    await stage.sandbox.untilStored(events);
  } finally {
    await stage.close();
  }
}

function toRows(list: ProfileSummary['byPackage']): string[][] {
  return list.slice(0, SHOWN).map(({ name, share }) => [name, number(share * 100, 1)]);
}

import { type Prepared, prepare } from '../processes.js';
import type { ClosedPlan, OpenPlan, Sent } from './plan.js';

let loads = 0;
/** Ids that no load of an earlier run used: a destination outlives a stage's processes. */
const newTag = () => `${Date.now().toString(36)}-${loads++}`;

/** Over 16 connections, the next request when one is answered. */
export function prepareClosed(plan: Omit<ClosedPlan, 'tag' | 'connections'> & { connections?: number }) {
  return certain(prepare<Sent>('./load/closed-loop.js', { connections: 16, tag: newTag(), ...plan }));
}

/** By a schedule. */
export function prepareOpen(plan: Omit<OpenPlan, 'tag'>) {
  return certain(prepare<Sent>('./load/open-loop.js', { tag: newTag(), ...plan }));
}

/** Sends and waits for the answers. */
export async function sendClosed(plan: Parameters<typeof prepareClosed>[0]): Promise<Sent> {
  return (await prepareClosed(plan)).go();
}

export async function sendOpen(plan: Parameters<typeof prepareOpen>[0]): Promise<Sent> {
  return (await prepareOpen(plan)).go();
}

/** No figure comes from a run in which a request was refused. */
async function certain(preparing: Promise<Prepared<Sent>>): Promise<Prepared<Sent>> {
  const prepared = await preparing;
  return {
    async go() {
      const sent = await prepared.go();
      if (sent.failed > 0) throw new Error(`${sent.failed} of ${sent.requests} requests were no success`);
      return sent;
    },
  };
}

import { readFile } from 'node:fs/promises';

/** What V8 writes with `--cpu-prof`, as far as it is read here. */
export type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
};

/** Shares (0 to 1) of the time that the process was not idle. */
export type ProfileSummary = {
  byPackage: { name: string; share: number }[];
  byFunction: { name: string; share: number }[];
};

export async function readProfile(file: string): Promise<ProfileSummary> {
  return summarize(JSON.parse(await readFile(file, 'utf8')) as CpuProfile);
}

/** Where the time went: in the function itself, without what it called. */
export function summarize({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const packages = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  samples.forEach((id, index) => {
    const { functionName, url } = frames.get(id)!;
    if (functionName === '(idle)') return;
    const time = timeDeltas[index]!;
    const owner = ownerOf(functionName, url);
    total += time;
    raise(packages, owner, time);
    raise(functions, owner === functionName ? owner : `${functionName || '(anonymous)'} · ${owner}`, time);
  });
  return { byPackage: shares(packages, total), byFunction: shares(functions, total) };
}

/** A package, a module of Node, or what V8 itself does, such as `(garbage collector)`. */
function ownerOf(functionName: string, url: string): string {
  if (url.startsWith('node:')) return url.replace('node:internal/', 'node:').split('/')[0]!;
  const module = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (module) return module;
  const own = /\/((?:apps|packages)\/[^/]+)\/dist\//.exec(url)?.[1];
  if (own) return own;
  return url === '' && !functionName.startsWith('(') ? '(native)' : functionName || '(native)';
}

function raise(map: Map<string, number>, name: string, by: number): void {
  map.set(name, (map.get(name) ?? 0) + by);
}

function shares(times: Map<string, number>, total: number): { name: string; share: number }[] {
  return [...times].map(([name, time]) => ({ name, share: time / total })).sort((a, b) => b.share - a.share);
}

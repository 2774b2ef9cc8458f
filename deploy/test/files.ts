import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { MeterbridgeDashboard } from './dashboard-type.js';

export const DEPLOY = join(import.meta.dirname, '..');
export const ROOT = join(DEPLOY, '..');
export const RULES = join(DEPLOY, 'prometheus/meterbridge.rules.yaml');

export type Rule = Record<string, unknown> & {
  alert: string;
  expr: string;
  annotations: Record<string, string>;
};

/** A resource of Kubernetes; its type is checked by the compiler, tests only look around in it. */
// biome-ignore lint/suspicious/noExplicitAny: any resource
export type Resource = any;

export function readRules(): Rule[] {
  const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

export function readDashboard(): MeterbridgeDashboard {
  return JSON.parse(readFileSync(join(DEPLOY, 'grafana/meterbridge.dashboard.json'), 'utf8'));
}

/** Every document of a YAML text. @throws if one of them is none */
export function readResources(text: string): Resource[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });
}

/** What a folder's kustomization.yaml lists, without the folders among it. */
export function readFolder(folder: string): { kustomization: Resource; resources: Resource[] } {
  const read = (file: string) =>
    readResources(readFileSync(join(DEPLOY, 'kubernetes', folder, file), 'utf8'));
  const [kustomization] = read('kustomization.yaml');
  const files = (kustomization.resources as string[]).filter((file) => file.endsWith('.yaml'));
  return { kustomization, resources: files.flatMap(read) };
}

/** The one resource of a kind and name. */
export function find(resources: Resource[], kind: string, name: string): Resource {
  const found = resources.filter((each) => each.kind === kind && each.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name}; one was expected`);
  return found[0];
}

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig } from '@meterbridge/config';
import { checkTypes } from './check-types.js';
import { DEPLOY, find, type Resource, ROOT, readFolder, readResources } from './files.js';
import { withChange } from './with-change.js';

const base = readFolder('base');
const example = readFolder('example');
const redis = readFolder('redis');
const resources = [...base.resources, ...example.resources];
const APPS = ['receiver', 'worker'];

/** What Kubernetes, KEDA and Kustomize expect, each resource by its own version and kind. */
function check(...all: Resource[]): Promise<string[]> {
  return checkTypes(
    all.map((value) => {
      const { apiVersion, kind, metadata } = value;
      const name = `${kind} ${metadata?.name ?? ''}`;
      if (kind === 'Kustomization') {
        return { name, value, type: { from: './kustomization-type.js', name: kind } };
      }
      const models = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
      return { name, value, type: { from: `${models}/${apiVersion}`, name: `I${kind}` } };
    }),
  );
}

test('every manifest is what Kubernetes and KEDA expect', async () => {
  const { kustomization } = redis;
  expect(await check(base.kustomization, example.kustomization, ...resources)).toEqual([]);
  expect(await check(kustomization, ...redis.resources)).toEqual([]);
});

const POD = ['spec', 'template', 'spec'];
test.each([
  ['Deployment', [...POD, 'containers', 0, 'livenessProbe', 'httpGet', 'prot'], 1],
  ['Deployment', [...POD, 'containers', 0, 'command'], 'node'],
  ['Deployment', [...POD, 'securityContext', 'runAsNonRoot'], 'yes'],
  ['Deployment', ['spec', 'selector'], undefined],
  ['HorizontalPodAutoscaler', ['spec', 'metrics', 0, 'resource', 'target', 'averageUtilisation'], 70],
  ['HorizontalPodAutoscaler', ['apiVersion'], 'autoscaling/v3'],
  ['PodDisruptionBudget', ['spec', 'maxUnavailible'], 1],
  ['NetworkPolicy', ['spec', 'egress', 0, 'ports', 0, 'prot'], 53],
  ['Service', ['spec', 'ports', 0, 'port'], '80'],
  ['ScaledObject', ['spec', 'maxReplicas'], 5],
  ['ScaledObject', ['spec', 'fallback', 'replicas'], '5'],
  ['ScaledObject', ['spec', 'triggers', 0, 'metadata', 'threshold'], 240_000],
  ['ServiceAccount', ['automountServiceAcountToken'], false],
  ['Ingress', ['spec', 'rules', 0, 'http', 'paths', 0, 'pathtype'], 'Prefix'],
  ['Namespace', ['metadata', 'lables'], {}],
] as const)('a mistake in a %s is found: %j', async (kind, path, value) => {
  const wrong = withChange(
    resources.find((each) => each.kind === kind),
    path,
    value,
  );
  expect(await check(wrong)).not.toEqual([]);
});

/** What the image has installed. */
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const RELEASED = JSON.parse(readFileSync(join(ROOT, 'packages/tooling/released.json'), 'utf8'));

test('what compose runs are programs of the package', () => {
  const [compose] = readResources(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'));
  const { redis: _, ...ours } = compose.services as Record<string, Resource>;
  const programs = Object.values(ours).map(({ entrypoint = [], command }) => [...entrypoint, ...command][0]);
  expect(programs.toSorted()).toEqual(Object.keys(PACKAGE.bin).toSorted());
});

test('one archivist has the books on a disk of its own, and others leave it receipts', () => {
  const { spec } = find(resources, 'StatefulSet', 'meterbridge-archivist');
  const [container] = spec.template.spec.containers;
  expect(spec.replicas).toBe(1);
  expect(container.command).toEqual(['meterbridge-archivist']);
  const [{ metadata }] = spec.volumeClaimTemplates;
  const { mountPath } = container.volumeMounts.find(({ name }: { name: string }) => name === metadata.name);
  const folderOf = ({ env }: Resource) =>
    env.find(({ name }: { name: string }) => name === 'RECEIPTS_DIRECTORY')?.value;
  expect(folderOf(container)).toBe(mountPath);
  for (const app of APPS) {
    const [other] = find(resources, 'Deployment', `meterbridge-${app}`).spec.template.spec.containers;
    expect(folderOf(other)).toBe(mountPath);
  }
});

test.each(APPS)('what the %s names is there', (app) => {
  const name = `meterbridge-${app}`;
  const { spec } = find(resources, 'Deployment', name);
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const { labels } = spec.template.metadata;
  expect(container.command).toEqual([name]);
  expect(PACKAGE.bin[name]).toBe(`apps/${app}/dist/main.js`);

  // Who selects these pods: the labels are theirs, and no other's.
  const budget = find(resources, 'PodDisruptionBudget', name);
  const policy = find(resources, 'NetworkPolicy', name);
  const spread = pod.topologySpreadConstraints.map((each: Resource) => each.labelSelector);
  for (const { matchLabels } of [spec.selector, budget.spec.selector, policy.spec.podSelector, ...spread]) {
    expect(matchLabels).toEqual(labels);
  }
  expect(labels['app.kubernetes.io/component']).toBe(app);

  const [port] = container.ports;
  expect(container.env).toContainEqual({
    name: `${app.toUpperCase()}_PORT`,
    value: `${port.containerPort}`,
  });
  expect(spec.template.metadata.annotations['prometheus.io/port']).toBe(`${port.containerPort}`);
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    expect(container[probe].httpGet.port).toBe(port.name);
  }
  expect(
    policy.spec.ingress.flatMap((each: Resource) => each.ports).map((each: Resource) => each.port),
  ).toEqual([port.name]);

  expect(find(resources, 'ServiceAccount', pod.serviceAccountName)).toBeTruthy();
  const [volume] = pod.volumes;
  const [mount] = container.volumeMounts;
  const [generator] = example.kustomization.configMapGenerator;
  expect([volume.name, volume.configMap.name]).toEqual([mount.name, generator.name]);
  expect(container.env).toContainEqual({
    name: 'METERBRIDGE_CONFIG',
    value: `${mount.mountPath}/${generator.files[0]}`,
  });
});

test('who scales scales what is there, and nobody else says how many', () => {
  const scalers = [
    find(resources, 'HorizontalPodAutoscaler', 'meterbridge-receiver'),
    find(resources, 'ScaledObject', 'meterbridge-worker'),
  ];
  for (const { spec } of scalers) {
    const deployment = find(resources, 'Deployment', spec.scaleTargetRef.name);
    expect(deployment.spec).not.toHaveProperty('replicas');
    // A share of a request needs one.
    expect(deployment.spec.template.spec.containers[0].resources.requests).toHaveProperty('cpu');
  }
});

test('the trigger says what KEDA reads, and no more', () => {
  // metadata is a map of texts to KEDA's schema: its scaler for Prometheus reads these, and ignores others.
  const known = [
    'activationThreshold',
    'ignoreNullValues',
    'namespace',
    'query',
    'serverAddress',
    'threshold',
  ];
  const { spec } = find(resources, 'ScaledObject', 'meterbridge-worker');
  const [trigger] = spec.triggers;
  expect(trigger.type).toBe('prometheus');
  expect(known).toEqual(expect.arrayContaining(Object.keys(trigger.metadata)));
  expect(Number(trigger.metadata.threshold)).toBeGreaterThan(0);
  // The metric is the workers' own: with none of them there is none.
  expect(spec.minReplicaCount).toBeGreaterThan(0);
  expect(spec.fallback.replicas).toBeLessThanOrEqual(spec.maxReplicaCount);
});

test('senders reach the receiver, and only where events go', () => {
  const service = find(resources, 'Service', 'meterbridge-receiver');
  const { spec } = find(resources, 'Deployment', 'meterbridge-receiver');
  expect(service.spec.selector).toEqual(spec.template.metadata.labels);
  expect(service.spec.ports[0].targetPort).toBe(spec.template.spec.containers[0].ports[0].name);
  const ingress = find(resources, 'Ingress', 'meterbridge-receiver');
  const { paths } = ingress.spec.rules[0].http;
  expect(paths.map(({ path }: Resource) => path)).toEqual(['/v1', '/webhooks']);
  for (const { backend } of paths) {
    expect(backend.service).toEqual({
      name: service.metadata.name,
      port: { name: service.spec.ports[0].name },
    });
  }
});

test.each(APPS)('the %s keeps to the restricted standard, and has time to drain', (app) => {
  const { spec } = find(resources, 'Deployment', `meterbridge-${app}`).spec.template;
  const [container] = spec.containers;
  expect(spec.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 1000,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(spec.automountServiceAccountToken).toBe(false);
  // DRAIN_DEADLINE_MS of both processes is 20 seconds.
  const pause = Number(container.lifecycle?.preStop.exec.command[1] ?? 0);
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(pause + 20);
});

test('the optional Redis keeps to the standard, and only those that need it reach it, as the docs say', () => {
  const { spec } = find(redis.resources, 'StatefulSet', 'meterbridge-redis');
  const [worker] = find(resources, 'Deployment', 'meterbridge-worker').spec.template.spec.containers;
  const pod = spec.template.spec;
  const [container] = pod.containers;
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(container.securityContext).toEqual(worker.securityContext);
  expect(container.volumeMounts[0].name).toBe(spec.volumeClaimTemplates[0].metadata.name);
  const { secretKeyRef } = container.env[0].valueFrom;
  expect(secretKeyRef).toEqual({ name: worker.envFrom[0].secretRef.name, key: 'REDIS_PASSWORD' });

  const { labels } = spec.template.metadata;
  const service = find(redis.resources, 'Service', spec.serviceName);
  const policy = find(redis.resources, 'NetworkPolicy', 'meterbridge-redis').spec;
  for (const selected of [spec.selector.matchLabels, service.spec.selector, policy.podSelector.matchLabels]) {
    expect(selected).toEqual(labels);
  }
  const [{ from }] = policy.ingress;
  expect(from).toHaveLength(1);
  const { matchLabels, matchExpressions } = from[0].podSelector;
  expect(matchLabels).toEqual({ 'app.kubernetes.io/name': labels['app.kubernetes.io/name'] });
  expect(matchExpressions[0]).toMatchObject({
    key: 'app.kubernetes.io/component',
    values: [...APPS, 'archivist'],
  });
  const url = `redis://meterbridge:<password>@${service.metadata.name}:${service.spec.ports[0].port}`;
  expect(readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8').includes(url)).toBe(true);
});

test('the example is a configuration that starts, and no key is in any file', () => {
  const file = join(DEPLOY, 'kubernetes/example/meterbridge.config.yaml');
  const env = { SEGMENT_WRITE_KEY: 'wk', LAGO_API_KEY: 'key', REDIS_URL: 'redis://redis:6379' };
  expect(loadConfig({ file, env })).toMatchObject({ ok: true });
  expect(resources.filter(({ kind }) => kind === 'Secret')).toEqual([]);
});

const kubectl = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' });
// 1.27 or newer; Debian's knows no patches. Without it, the tests above read the files as they stand.
const hasKubectl = /Kustomize Version: v[5-9]/.test(kubectl.stdout ?? '');

(hasKubectl ? test : test.skip)('kubectl makes of the optional Redis what Kubernetes expects', async () => {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', join(DEPLOY, 'kubernetes/redis')], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  const made = readResources(stdout);
  expect(await check(...made)).toEqual([]);
  expect(made).toHaveLength(redis.resources.length);
});

(hasKubectl ? test : test.skip)('kubectl makes of the example what Kubernetes expects', async () => {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', join(DEPLOY, 'kubernetes/example')], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  const made = readResources(stdout);
  expect(await check(...made)).toEqual([]);
  expect(made).toHaveLength(resources.length + 1);
  const config = made.find(({ kind }) => kind === 'ConfigMap');
  for (const app of APPS) {
    const deployment = find(made, 'Deployment', `meterbridge-${app}`);
    const pod = deployment.spec.template.spec;
    expect(deployment.metadata.namespace).toBe('meterbridge');
    // The name ends in a hash: a changed file is a rollout.
    expect(pod.volumes[0].configMap.name).toBe(config.metadata.name);
    expect(config.metadata.name).toMatch(/^meterbridge-config-\w+$/);
    expect(pod.containers[0].image).toBe(`registry.example.com/meterbridge:${RELEASED.version}`);
  }
});

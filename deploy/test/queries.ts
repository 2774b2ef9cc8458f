import { find, readDashboard, readFolder, readRules } from './files.js';

/** A PromQL query of one of the files, and the labels that texts beside it name. */
export type Query = { where: string; query: string; shown: string[] };

/** Every query that something here asks Prometheus, with Grafana's variables filled in. */
export function readQueries(): Query[] {
  return [...ofAlerts(), ...ofDashboard(), ofScaledObject()];
}

function ofAlerts(): Query[] {
  return readRules().map(({ alert, expr, annotations }) => {
    const shown = Object.values(annotations).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map((match) => match[1]!),
    );
    return { where: alert, query: expr, shown };
  });
}

function ofDashboard(): Query[] {
  const { panels, templating } = readDashboard();
  const variables = templating?.list?.filter(({ type }) => type === 'query') ?? [];
  return [
    ...variables.map(({ name, query }) => {
      const asked = /^label_values\((\w+), (\w+)\)$/.exec(String(query));
      if (!asked) throw new Error(`the variable ${name}: expected label_values(metric, label)`);
      return { where: `$${name}`, query: asked[1]!, shown: [asked[2]!] };
    }),
    ...panels.flatMap((panel) =>
      panel.type === 'row'
        ? []
        : panel.targets.map(({ refId, expr, legendFormat }) => ({
            where: `${panel.title} ${refId}`,
            query: expr.replaceAll('$__rate_interval', '1m').replaceAll('$destination', '.*'),
            shown: [...legendFormat.matchAll(/{{(\w+)}}/g)].map((match) => match[1]!),
          })),
    ),
  ];
}

function ofScaledObject(): Query {
  const { resources } = readFolder('base');
  const [trigger] = find(resources, 'ScaledObject', 'meterbridge-worker').spec.triggers;
  return { where: 'ScaledObject', query: trigger.metadata.query, shown: [] };
}

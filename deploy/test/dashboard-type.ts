import type * as grafana from '@grafana/schema';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as stateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as timeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type {
  Dashboard,
  FieldConfig,
  Panel,
  RowPanel,
} from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';

/** As it is written in JSON, where an enum is its value. */
type Json<T> = T extends string
  ? `${T}`
  : T extends boolean | null | undefined
    ? T
    : T extends number
      ? number
      : T extends (infer Item)[]
        ? Json<Item>[]
        : T extends object
          ? { [Key in keyof T]: Json<T[Key]> }
          : T;

type Query = { refId: string; expr: string; legendFormat: string; instant?: true };

/** Grafana's own type leaves options, queries and a panel's own fields open; unit and description are ours to ask for. */
type PanelOf<Type extends string, Options, Custom = never> = Omit<
  Panel,
  'type' | 'title' | 'description' | 'options' | 'fieldConfig' | 'targets'
> & {
  type: Type;
  title: string;
  description: string;
  options: Options;
  fieldConfig: {
    defaults: Omit<FieldConfig, 'custom' | 'unit'> & { unit: string; custom?: Custom };
    overrides: [];
  };
  targets: Query[];
};

/** A dashboard of the panels that ours has, down to their options. */
export type MeterbridgeDashboard = Json<
  Omit<Dashboard, 'panels'> & {
    panels: (
      | RowPanel
      | PanelOf<'timeseries', timeSeries.Options, Partial<grafana.GraphFieldConfig>>
      | PanelOf<'stat', stat.Options>
      | PanelOf<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>
    )[];
  }
>;

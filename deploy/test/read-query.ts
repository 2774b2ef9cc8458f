import { parser } from '@prometheus-io/lezer-promql';

/** `destination=~"lago|.*"`, without the quotes. */
export type Matcher = { label: string; operator: string; value: string };
export type Selector = {
  metric: string;
  matchers: Matcher[];
  /** Whether it is asked for over a time: `[5m]`. */
  isRange: boolean;
  /** Labels that an aggregation or a comparison around it wants (`by`, `on`). */
  wanted: string[];
};

/**
 * The metrics and labels that a PromQL query names, by Prometheus' own grammar.
 * @throws {SyntaxError} with the place, if it is none
 */
export function readQuery(query: string): Selector[] {
  const selectors: Selector[] = [];
  const text = ({ from, to }: { from: number; to: number }) => query.slice(from, to);
  parser.parse(query).iterate({
    enter(found) {
      if (found.type.isError) {
        throw new SyntaxError(`no PromQL at character ${found.from + 1} of: ${query}`);
      }
      if (found.name !== 'VectorSelector') return;
      const matchers: Matcher[] = found.node
        .getChildren('LabelMatchers')
        .flatMap((list) => list.getChildren('UnquotedLabelMatcher'))
        .map((each) => ({
          label: text(each.getChild('LabelName')!),
          operator: text(each.getChild('MatchOp')!),
          value: text(each.getChild('StringLiteral')!).slice(1, -1),
        }));
      const wanted: string[] = [];
      for (let around = found.node.parent; around; around = around.parent) {
        const modifiers = [
          ...around.getChildren('AggregateModifier'),
          ...around.getChildren('MatchingModifierClause'),
        ];
        for (const { node } of modifiers) {
          for (const list of node.getChildren('GroupingLabels')) {
            wanted.push(...list.getChildren('LabelName').map(text));
          }
        }
      }
      const metric = found.node.getChild('Identifier');
      if (!metric) throw new SyntaxError(`a selector without a metric's name in: ${query}`);
      const isRange = found.node.parent?.name === 'MatrixSelector';
      selectors.push({ metric: text(metric), matchers, isRange, wanted });
    },
  });
  if (selectors.length === 0) throw new SyntaxError(`no metric in: ${query}`);
  return selectors;
}

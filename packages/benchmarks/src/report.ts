import CliTable from 'cli-table3';
import { type Goal, isReached, type Measured, type Table } from './benchmark.js';

export function number(value: number, digits = 0): string {
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** The tables, and each goal with what came of it. */
export function renderMeasured({ tables, goals }: Measured): string {
  return [...tables.map(renderTable), ...goals.map(renderGoal)].join('\n');
}

function renderTable({ head, rows }: Table): string {
  const colAligns = head.map((_, column): 'left' | 'right' => (column === 0 ? 'left' : 'right'));
  const table = new CliTable({ head, colAligns, style: { head: [], border: [], compact: true } });
  table.push(...rows);
  return table.toString();
}

function renderGoal(goal: Goal): string {
  const wanted =
    'atLeast' in goal ? `at least ${number(goal.atLeast, 2)}` : `at most ${number(goal.atMost, 2)}`;
  const unit = goal.unit ? ` ${goal.unit}` : '';
  // Enough of them to see which side of its goal a value is on.
  const digits = Math.abs(goal.value) < 10 ? 3 : 1;
  return `${isReached(goal) ? '✓' : '✗'} ${goal.what}: ${number(goal.value, digits)}${unit} (goal: ${wanted}${unit})`;
}

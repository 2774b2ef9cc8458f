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
  return `${mark(goal)} ${goal.what}: ${measured(goal)} (goal: ${wanted(goal)})`;
}

/** The goals of several benchmarks in one table, in the order in which they were run. */
export function renderGoals(goals: readonly Goal[]): string {
  const rows = goals.map((goal) => [goal.what, wanted(goal), measured(goal), mark(goal)]);
  return renderTable({ head: ['figure', 'goal', 'measured', ''], rows });
}

function wanted(goal: Goal): string {
  const bound =
    'atLeast' in goal ? `at least ${number(goal.atLeast, 2)}` : `at most ${number(goal.atMost, 2)}`;
  return bound + unitOf(goal);
}

function measured(goal: Goal): string {
  // Enough of them to see which side of its goal a value is on.
  return number(goal.value, Math.abs(goal.value) < 10 ? 3 : 1) + unitOf(goal);
}

function unitOf({ unit }: Goal): string {
  return unit ? ` ${unit}` : '';
}

function mark(goal: Goal): string {
  return isReached(goal) ? '✓' : '✗';
}

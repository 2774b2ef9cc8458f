import { expect, test } from '@jest/globals';
import { renderProcesses } from './render-processes.js';

const receiver = { role: 'receiver' as const, host: 'a', pid: 1, version: '0.1.0', config: 'one' };
const worker = { role: 'worker' as const, host: 'b', pid: 2, version: '0.1.0', config: 'one' };

test('processes that all run the file are one line', () => {
  expect(renderProcesses({ config: 'one', processes: [receiver, worker] })).toEqual([
    'Configuration one: in force in all 2 processes',
  ]);
  expect(renderProcesses({ config: 'one', processes: [] })).toEqual([]);
});

test('a mixed fleet is named process by process', () => {
  const processes = [receiver, { ...worker, config: 'two-needs-restart' }];
  expect(renderProcesses({ config: 'one', processes }).slice(1)).toEqual([
    '  one, the file read here: receiver a/1',
    '  two-needs-restart: worker b/2',
  ]);
  const [head] = renderProcesses({ config: 'new', processes: [receiver, worker] });
  expect(head).toContain('Not all processes run the configuration that is read here (new)');
});

test('versions that run side by side are named', () => {
  const processes = [receiver, { ...worker, version: '0.2.0' }];
  expect(renderProcesses({ config: 'one', processes }).slice(1)).toEqual([
    'Versions side by side:',
    '  0.1.0: receiver a/1',
    '  0.2.0: worker b/2',
  ]);
});

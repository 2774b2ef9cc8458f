import { expect, test } from '@jest/globals';
import { readFilter } from '@meterbridge/operations';
import { Command } from 'commander';
import { addFilterOptions } from './options.js';

test('the options of a command become the filter, and nothing else of them does', () => {
  const command = addFilterOptions(new Command().argument('[ids...]').option('--json'));
  command.parse(['--json', '--since', '2026-11-21', '--event', 'Login', 'lago/1-1'], { from: 'user' });
  expect(readFilter(command.opts(), command.args)).toEqual({
    ids: ['lago/1-1'],
    event: 'Login',
    since: Date.parse('2026-11-21'),
  });
  expect(readFilter({})).toEqual({});
});

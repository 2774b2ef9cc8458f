import { expect, test } from '@jest/globals';
import { summarize } from './profile-summary.js';

test('time is laid to the package of the function that spent it, and idle time to none', () => {
  const frame = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, url, lineNumber: 1 },
  });
  const summary = summarize({
    nodes: [
      frame(1, '(idle)', ''),
      frame(2, 'parse', ''),
      frame(3, 'pack', 'file:///x/node_modules/.pnpm/bullmq@6.7.0/node_modules/bullmq/dist/esm/a.js'),
      frame(4, 'join', 'file:///x/packages/queue/dist/destination-lane.js'),
      frame(5, '(garbage collector)', ''),
      frame(6, 'onread', 'node:internal/stream_base_commons'),
    ],
    samples: [1, 2, 3, 4, 5, 6, 3],
    timeDeltas: [1_000, 20, 10, 30, 10, 10, 20],
  });
  expect(summary.byPackage).toEqual([
    { name: 'bullmq', share: 0.3 },
    { name: 'packages/queue', share: 0.3 },
    { name: '(native)', share: 0.2 },
    { name: '(garbage collector)', share: 0.1 },
    { name: 'node:stream_base_commons', share: 0.1 },
  ]);
  expect(summary.byFunction[0]).toEqual({ name: 'pack · bullmq', share: 0.3 });
});

// Takes a person out of a store's rows, as a process that may be killed anywhere: node erase-person.mjs <dir> <shard>
// <person as JSON>. Says of each file that it is done.

import { erasePerson, tidyShard } from '../dist/index.js';

const [dir, shard, person] = process.argv.slice(2);
await tidyShard({ dir, shard });
await erasePerson({ dir, shard }, JSON.parse(person), {
  request: 'request-1',
  now: Date.now,
  commit: (change) => change(),
  onProgress: (done, files) => process.stdout.write(`${done} of ${files}\n`),
});
process.stdout.write('done\n');

// What an archivist does, as a process that may be killed anywhere: node archive-entries.mjs <dir> <shard> <from>. Puts
// the entries of <dir>/entries.json from the given one on into spools, says of each append how many are kept, and has
// every fourth append closed and converted.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beginSpool, convertSpool, listSpools, nextSpool, recordFile, tidyShard } from '../dist/index.js';

const [dir, shard, from] = process.argv.slice(2);
const place = { dir, shard };
const entries = JSON.parse(readFileSync(join(dir, 'entries.json'), 'utf8'));
const APPEND = 3;
const SPOOL = 4 * APPEND;

async function convert(spool) {
  for (;;) {
    try {
      return await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
    } catch (error) {
      if (error.code !== 'conversion_failed') throw error;
    }
  }
}

await tidyShard(place);
for (const spool of await listSpools(place)) await convert(spool);
let next = Number(from);
let spool = await nextSpool(place);
let file = await beginSpool({ ...place, spool });
while (next < entries.length) {
  await file.append(entries.slice(next, next + APPEND));
  next += APPEND;
  process.stdout.write(`${next}\n`);
  if (next % SPOOL !== 0 && next < entries.length) continue;
  const closed = spool;
  await file.close();
  spool = await nextSpool(place);
  file = await beginSpool({ ...place, spool });
  await convert(closed);
}
await file.close();
process.stdout.write('done\n');

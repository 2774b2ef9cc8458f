import Sequencer from '@jest/test-sequencer';

/** Suites that start processes first: they wait most of their time, and the short ones fill what is left at the end. */
export default class extends Sequencer {
  /** @param {import('@jest/test-result').Test[]} tests */
  sort(tests) {
    const isLong = ({ path }) => path.endsWith('.integration.test.ts');
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}

// One jest run for the whole workspace: one total, one report. Tests stand beside the code they test
// (`foo.test.ts`); those that need Redis or HTTP are `test/*.integration.test.ts` of their package.
export default {
  rootDir: '../..',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{apps,packages}/*/{src,test}/**/*.test.ts', '<rootDir>/deploy/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // Sources import './x.js' as Node will; here the same file is './x.ts'. Packages are seen through dist.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  // Longer than any wait for a condition: a busy machine is not a failure, and what hangs still ends.
  testTimeout: 300_000,
  // Most suites wait, for other processes and for time to pass: two a core.
  maxWorkers: 4,
  testSequencer: '<rootDir>/packages/tooling/test-sequencer.mjs',
};

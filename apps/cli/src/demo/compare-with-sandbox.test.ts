import { expect, test } from '@jest/globals';
import { compareAccounts } from './compare-with-sandbox.js';

const lago = { destination: 'lago', delivered: 100, duplicate: 5 };
const hyperline = { destination: 'hyperline', delivered: 100, duplicate: 5 };
const receiver = { destination: 'receiver', delivered: 0, duplicate: 0 };

test.each([
  ['what was delivered', 100, 60, 0],
  ['what came back as a duplicate, since its process had died before it was written down', 103, 105, 0],
  ['less than was delivered to Lago: a loss', 99, 100, 1],
  ['more than was ever sent', 106, 106, 2],
])('an API that holds %s', (_name, atLago, atHyperline, disagreements) => {
  const inspection = { lago: { ledger: { keys: atLago } }, hyperline: { ledger: { keys: atHyperline } } };
  expect(compareAccounts([lago, hyperline, receiver], inspection)).toHaveLength(disagreements);
});

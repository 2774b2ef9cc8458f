import { addToBoth } from '../both-apis.js';
import type { Scenario } from '../scenario.js';

/** A little of everything at once, for every test run: about a minute. */
export const quick: Scenario = {
  name: 'quick',
  what: 'kills at every moment while the APIs lose, cut, refuse and slow down answers',
  seconds: 20,
  kills: 10,
  async trouble({ stage, random }) {
    const seed = Math.ceil(random() * 1e6);
    addToBoth(
      stage.sandbox,
      { rate: 0.05, seed, afterStoring: true, cut: 'before' },
      { rate: 0.05, seed: seed + 1, cut: 'mid-response' },
      { rate: 0.05, seed: seed + 2, respond: { status: 503 } },
      { rate: 0.05, seed: seed + 3, respond: { status: 429, headers: { 'Retry-After': '1' } } },
      { rate: 0.2, seed: seed + 4, delayMs: 300 },
    );
  },
};

export * from './backoff.js';
export * from './gate.js';
export * from './next-step.js';
export * from './outcome.js';
export * from './ports.js';
export * from './usage-event.js';
export * from './verdict.js';

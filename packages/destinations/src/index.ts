export * from './destination.js';
export * from './http-answer.js';
export * from './http-client.js';
export type { HyperlineRule, HyperlineSettings } from './hyperline/settings.js';
export * from './kinds.js';
export { type LagoMetric, type ReadMetrics, readLagoMetrics } from './lago/read-metrics.js';
export { isLookup, type LagoRule, type LagoSettings } from './lago/settings.js';
export * from './lago/subscription-reader.js';
export * from './sender.js';

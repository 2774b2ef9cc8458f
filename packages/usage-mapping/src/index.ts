export * from './mapped.js';

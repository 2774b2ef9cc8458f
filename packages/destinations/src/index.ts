export * from './destination.js';
export * from './http-answer.js';
export * from './http-client.js';

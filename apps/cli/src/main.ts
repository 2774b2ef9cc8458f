#!/usr/bin/env node
import { loadEnvFile } from './load-env-file.js';
import { createProgram } from './program.js';
import { endOnSignal } from './terminal/interruption.js';

process.on('uncaughtException', end);

// As .env.example says: what the environment already has wins.
loadEnvFile('.env', process.env);

// `… | head` closes the pipe: that is the end and no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

endOnSignal();

createProgram().parseAsync().catch(end);

/** Loaded where something failed: it knows the errors of everything. */
async function end(error: unknown): Promise<void> {
  const { endWithWords } = await import('./terminal/end-with-words.js');
  endWithWords(error);
}

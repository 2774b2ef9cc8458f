#!/usr/bin/env node
import { loadEnvFile } from './load-env-file.js';
import { createProgram } from './program.js';
import { endOnSignal } from './terminal/interruption.js';

// As .env.example says: what the environment already has wins.
loadEnvFile('.env', process.env);

// `… | head` closes the pipe: that is the end and no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

endOnSignal();

createProgram()
  .parseAsync()
  // Loaded where it failed: it knows the errors of everything.
  .catch(async (error: unknown) => {
    const { isForPeople } = await import('./load-context.js');
    if (!isForPeople(error)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  });

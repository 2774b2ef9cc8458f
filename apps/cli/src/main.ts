#!/usr/bin/env node
import { inspect } from 'node:util';
import { isForPeople } from './load-context.js';
import { loadEnvFile } from './load-env-file.js';
import { createProgram } from './program.js';
import { endOnSignal } from './terminal/interruption.js';
import { printNote } from './terminal/print.js';

// As .env.example says: what the environment already has wins.
loadEnvFile('.env', process.env);

// `… | head` closes the pipe: that is the end and no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

endOnSignal();

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    process.exitCode = 1;
    if (isForPeople(error)) return printNote(error.message);
    printNote(inspect(error));
    // What a bug has left open is not waited for.
    process.exit();
  });

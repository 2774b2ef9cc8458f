#!/usr/bin/env node
import { loadEnvFile } from './load-env-file.js';
import { createProgram } from './program.js';
import { endWithWords } from './terminal/end-with-words.js';
import { endOnSignal } from './terminal/interruption.js';

process.on('uncaughtException', endWithWords);

// As .env.example says: what the environment already has wins.
loadEnvFile('.env', process.env);

// `… | head` closes the pipe: that is the end and no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

endOnSignal();

createProgram().parseAsync().catch(endWithWords);

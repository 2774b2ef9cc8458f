/**
 * What a command in another terminal needs to find a stack; only values the stack made up itself. One for
 * real use, one for a demonstration: they may run side by side.
 */
export const STACK_FILES = { up: 'stack.json', demo: 'demo.json' };

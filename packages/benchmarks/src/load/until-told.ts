/** Says that all is ready, and resolves when this process is told to go; it ends where nobody will tell it. */
export async function untilTold(): Promise<void> {
  console.log('ready');
  for await (const _ of process.stdin) return;
  process.exit(1);
}

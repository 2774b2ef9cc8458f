/**
 * The action of a command whose code is loaded when it runs: a help text or a wrong usage loads none of it.
 * @param load imports the module and resolves to the action in it
 */
export function loadedWhenRun<Args extends unknown[]>(
  load: () => Promise<(...args: Args) => unknown>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const action = await load();
    await action(...args);
  };
}

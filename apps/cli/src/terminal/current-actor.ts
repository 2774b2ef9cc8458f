import { hostname, userInfo } from 'node:os';

/** The person that runs this command, as histories name them: `<user>@<machine>`. */
export function currentActor(): string {
  return `${userName()}@${hostname()}`;
}

/** In a container the user may have a number and no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'somebody');
  }
}

// What every npm script of the project starts: node packages/tooling/run.mjs <command> [arguments].
// Needs nothing but Node: it installs and builds first where that is not done yet. This file stays in
// plain old syntax, so that a Node that is too old can still read it and say so.

const COMMANDS = ['setup', 'demo', 'up', 'cli', 'bench', 'chaos', 'test'];
const [major, minor] = process.versions.node.split('.').map(Number);
const [command, ...args] = process.argv.slice(2);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Meterbridge needs Node 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org`,
  );
  process.exitCode = 1;
} else if (!COMMANDS.includes(command)) {
  console.error(`Usage: node packages/tooling/run.mjs <${COMMANDS.join('|')}> [arguments]`);
  process.exitCode = 2;
} else {
  import('./commands.mjs')
    .then(({ runCommand }) => runCommand(command, args))
    .then((exitCode) => {
      process.exitCode = exitCode;
    })
    .catch((error) => {
      // What the operating system refuses is a sentence by itself; the frames are of use for a bug alone.
      console.error(error.syscall ? `The set-up could not go on: ${error.message}` : error.stack);
      process.exitCode = 1;
    });
}

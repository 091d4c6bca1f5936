// npm start: from a clone, does what the built `winmem` does; without arguments it runs the bundled example.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, install, root } from './prepare.mjs';

install();
build();
const given = process.argv.slice(2);
const args = given.length > 0 ? given : ['run', '--stats', join(root, 'examples/alloc.exe')];
const child = spawn(process.execPath, [join(root, 'dist/cli.cjs'), ...args], {
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
});
// The child decides how it ends; it gets terminal signals itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 128 : code));

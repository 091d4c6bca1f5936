// Installs and builds what is missing, quietly: stdout belongs to the program that is run.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Installs what the lock file says when node_modules is absent or older. Not with `npm ci`: that refuses a lock
 * file without the binaries of every platform, and not every registry has them all.
 */
export function install() {
  const marker = join(root, 'node_modules/.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs - 1) return;
  process.stderr.write('winmem: installing the packages it is built with\n');
  execFileSync('npm', ['install', '--no-save', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
}

/** Builds dist/ when a source is newer. */
export function build() {
  const built = join(root, 'dist/cli.cjs');
  const sources = ['src', 'scripts/build.mjs', 'package.json', 'tsconfig.json'].map((path) =>
    newest(join(root, path)),
  );
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources)) return;
  process.stderr.write('winmem: building\n');
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--no-types'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

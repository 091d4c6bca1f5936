// Wine for our scripts: one scratch prefix outside the repository, a wineserver kept warm, no crash debugger.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const LOADERS = ['/usr/lib/wine/wine64', '/usr/bin/wine64', '/usr/bin/wine'];
const loader = LOADERS.find(existsSync);

export const prefix = process.env.WINMEM_WINEPREFIX ?? join(tmpdir(), 'winmem-wine');
export const wineEnvironment = { ...process.env, WINEPREFIX: prefix, WINEDEBUG: '-all', DISPLAY: '' };

/** Whether this machine has Wine at all. */
export const haveWine = loader !== undefined;

/** Arguments for spawn: the Wine program and the .exe with its arguments. */
export function wineCommand(exe, args = []) {
  return [loader, [exe, ...args]];
}

/** Makes the prefix if it is not there and starts a wineserver that stays for five minutes after its last client. */
export function startWine() {
  if (!haveWine) throw new Error('Wine is not installed (Debian: apt-get install wine64)');
  const options = { env: wineEnvironment, stdio: 'ignore' };
  if (!existsSync(join(prefix, 'system.reg'))) {
    mkdirSync(dirname(prefix), { recursive: true });
    spawnSync(loader, ['wineboot', '-i'], options);
    const key = 'HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug';
    // An empty debugger: an unhandled exception ends the process at once. Without the value Wine starts its own.
    execFileSync(loader, ['reg', 'add', key, '/v', 'Debugger', '/t', 'REG_SZ', '/d', '', '/f'], options);
    spawnSync('wineserver', ['-w'], options);
  }
  spawn('wineserver', ['-p300'], { ...options, detached: true }).unref();
}

/** A Unix path as Wine's programs see it. */
export function windowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}

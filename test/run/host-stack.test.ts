import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cli, root, workFolder } from './programs.ts';

const cwd = workFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** KiB of stack that the host gives a run: what V8 keeps to anyway, an eighth of what Linux and macOS give. */
const HOST_STACK = 984;

/** How a run ends on a small stack. The command line turns off V8's own checks: translated code has to look after it. */
function ends(program: string, ...args: string[]): number | null {
  const command = `ulimit -s ${HOST_STACK} && exec "$0" "$@"`;
  const file = join(root, 'test/guest', program);
  const words = ['-c', command, process.execPath, cli, 'run', '--quiet', file, ...args];
  return spawnSync('sh', words, { cwd, stdio: 'ignore' }).status;
}

describe.skipIf(process.platform === 'win32')('with little stack on the host', () => {
  test('recursion 100,000 frames deep comes back', () => {
    expect(ends('depth.exe', 'recursion')).toBe(0);
  });
  test('endless recursion ends as a stack overflow of the program, not of the host', () => {
    expect(ends('crash.exe', 'stack')).toBe(0xfd);
  });
});

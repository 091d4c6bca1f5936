import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cli, root, winmem, workFolder } from './programs.ts';

const cwd = workFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const endless = join(root, 'test/guest/endless.exe');
const HOWS = ['loop', 'recursion', 'stosb', 'api'];

/** Runs, sends SIGINT half a second after the start, answers the exit code and the milliseconds from the signal. */
function interrupted(how: string): Promise<{ code: number | null; after: number }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, 'run', '--ram', '3G', '--quiet', endless, how], {
      cwd,
      stdio: 'ignore',
    });
    let sent = 0;
    setTimeout(() => {
      sent = performance.now();
      child.kill('SIGINT');
    }, 1500);
    child.on('exit', (code) => resolve({ code, after: performance.now() - sent }));
  });
}

describe('a program that does not end', () => {
  for (const how of HOWS) {
    test(`Ctrl-C ends an endless ${how} with 130`, async () => {
      const { code, after } = await interrupted(how);
      expect(code).toBe(130);
      // The aim is 100 ms (bench/README.md); a busy machine must not fail the test.
      expect(after).toBeLessThan(5000);
    });
    test(`--timeout ends an endless ${how} with 124`, () => {
      const ran = winmem(['run', '--ram', '3G', '--timeout', '1', endless, how], cwd);
      expect(ran.status).toBe(124);
      expect(ran.stderr).toBe('winmem: timed out\n');
    });
  }
});

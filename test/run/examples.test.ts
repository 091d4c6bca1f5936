import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { recordedRuns, winmem, workFolder } from './programs.ts';

const cwd = workFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const runs = recordedRuns('examples', 'examples/expected');

describe('examples', () => {
  test('there are at least twelve', () => {
    expect(runs.length).toBeGreaterThanOrEqual(12);
  });
  for (const { name, exe, args, exitCode, stdout } of runs) {
    test(`${name}.exe prints what is recorded, byte for byte, and exits with the same code`, () => {
      const ran = winmem(['run', exe, ...args], cwd);
      expect(ran).toEqual({ stderr: '', stdout, status: exitCode & 0xff });
    });
  }
});

import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { hostCodeOf } from '../../src/run/exit-code.ts';
import { recordedRuns, winmem, workFolder } from './programs.ts';

const cwd = workFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const runs = recordedRuns('test/guest', 'test/recorded');
const faults = runs.filter(({ name }) => name.startsWith('faults-'));
/** Those of the instructions have a test of their own. */
const others = runs.filter(({ name }) => !/^(faults|instructions)-/.test(name));

describe('API and exception programs', () => {
  test('there are at least eighteen', () => {
    expect(others.length).toBeGreaterThanOrEqual(18);
  });
  for (const { name, exe, args, exitCode, stdout } of others) {
    test(`${name} prints what is recorded and ends with the same code`, () => {
      const ran = winmem(['run', exe, ...args], cwd);
      expect(ran.stdout).toBe(stdout);
      expect(ran.status).toBe(hostCodeOf(exitCode));
    });
  }
});

describe('precise faults', () => {
  test('there are at least ten groups of instruction forms', () => {
    expect(faults.length).toBeGreaterThanOrEqual(10);
  });
  for (const { name, exe, args, stdout } of faults) {
    test(`${name}: context at each fault and state after it are the processor's`, () => {
      const ran = winmem(['run', exe, ...args], cwd);
      expect(ran).toEqual({ stderr: '', stdout, status: 0 });
    });
  }
});

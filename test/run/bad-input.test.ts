import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, winmem, workFolder } from './programs.ts';

const cwd = workFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const hello = readFileSync(join(root, 'examples/hello.exe'));
const peHeader = hello.readUInt32LE(0x3c);

function changed(change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(hello);
  change(copy);
  return copy;
}

/** The one line on stderr of a run that was refused, and its code. */
function refusal(name: string): { line: string; status: number | null } {
  const ran = winmem(['run', name], cwd);
  expect(ran.stdout).toBe('');
  expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  return { line: ran.stderr.trimEnd(), status: ran.status };
}

describe('bad input of ours gets one clear line and a code', () => {
  beforeAll(() => {
    writeFileSync(join(cwd, 'empty.exe'), '');
    writeFileSync(join(cwd, 'text.exe'), 'hello, I am a text\n');
    writeFileSync(join(cwd, 'short.exe'), hello.subarray(0, 1000));
    writeFileSync(
      join(cwd, 'arm.exe'),
      changed((bytes) => bytes.writeUInt16LE(0xaa64, peHeader + 4)),
    );
    writeFileSync(
      join(cwd, 'x86.exe'),
      changed((bytes) => bytes.writeUInt16LE(0x14c, peHeader + 4)),
    );
    writeFileSync(
      join(cwd, 'absent.exe'),
      changed((bytes) => bytes.write('Gone', bytes.indexOf('Sleep\0'))),
    );
    writeFileSync(join(cwd, 'plugin.dll'), readFileSync(join(root, 'examples/plugin.dll')));
    writeFileSync(join(cwd, 'plugin-host.exe'), readFileSync(join(root, 'examples/plugin-host.exe')));
    mkdirSync(join(cwd, 'alone'));
    writeFileSync(join(cwd, 'alone/plugin-host.exe'), readFileSync(join(root, 'examples/plugin-host.exe')));
    mkdirSync(join(cwd, 'folder.exe'));
  });

  const cases: [file: string, says: RegExp, status: number][] = [
    ['nowhere.exe', /nowhere\.exe: there is no such file/, 127],
    ['folder.exe', /folder\.exe: it is a folder/, 126],
    ['empty.exe', /empty\.exe: .*empty/, 126],
    ['text.exe', /text\.exe: .*not a Windows/i, 126],
    ['short.exe', /short\.exe: .*(truncated|ends|short)/i, 126],
    ['arm.exe', /arm\.exe: .*ARM/, 126],
    ['x86.exe', /x86\.exe: .*32-bit/, 126],
    ['plugin.dll', /plugin\.dll: .*DLL/, 126],
    ['absent.exe', /absent\.exe.*Gonep.*not there/i, 126],
    ['alone/plugin-host.exe', /plugin\.dll.*not there/i, 126],
  ];
  for (const [file, says, status] of cases) {
    test(`${file}: code ${status}`, () => {
      const refused = refusal(file);
      expect(refused.line).toMatch(says);
      expect(refused.status).toBe(status);
    });
  }

  test('the same program runs when its DLL is beside it', () => {
    expect(winmem(['run', 'plugin-host.exe'], cwd).status).toBe(0);
  });

  test('wrong options end with 125 and say which', () => {
    const ran = winmem(['run', '--ramm', '64M', 'a.exe'], cwd);
    expect(ran.status).toBe(125);
    expect(ran.stderr).toContain('--ramm');
    const small = winmem(['run', '--ram', '4K', join(root, 'examples/hello.exe')], cwd);
    expect(small.status).toBe(125);
    expect(small.stderr).toContain('ram');
  });
});

describe('the command line', () => {
  test('--json tells outcome, exit code and counters as data', () => {
    const ran = winmem(['run', '--json', 'out.json', join(root, 'examples/hello.exe')], cwd);
    expect(ran.status).toBe(0);
    const outcome = JSON.parse(readFileSync(join(cwd, 'out.json'), 'utf8'));
    expect(outcome).toMatchObject({ schema: 'winmem-run/1', outcome: 'exited', exitCode: 0 });
    expect(outcome.statistics.faults.demandZero).toBeGreaterThan(5);
  });

  test('--trace lists the calls that match its pattern, on stderr', () => {
    const ran = winmem(['run', '--trace=Virtual*', join(root, 'examples/alloc.exe')], cwd);
    expect(ran.stderr).toMatch(
      /kernel32!VirtualAlloc\(lpAddress=0x0, dwSize=0x1000, flAllocationType=0x3000, flProtect=0x4\)/,
    );
    expect(ran.stderr).not.toContain('GetSystemInfo');
    expect(ran.stdout).toContain('VirtualQuery');
  });

  test('--stats shows the address space: image, heap, stack with its guard', () => {
    const { stderr } = winmem(['run', '--stats', join(root, 'examples/alloc.exe')], cwd);
    expect(stderr).toMatch(/image +r-x/);
    expect(stderr).toContain('process heap');
    expect(stderr).toMatch(/rw-\+guard +stack of thread/);
  });

  test('an unhandled fault names code, place, access and the map around the address', () => {
    const ran = winmem(['run', join(root, 'test/guest/crash.exe'), 'write'], cwd);
    expect(ran.status).toBe(5);
    expect(ran.stderr).toMatch(
      /unhandled exception 0xc0000005 \(access violation\): write of 0x[0-9a-f]+ at crash\.exe\+0x/,
    );
    expect(ran.stderr).toMatch(/> 0x/);
  });

  test('--timeout ends an endless run with 124, --help and --version print on stdout', () => {
    expect(winmem(['--help'], cwd)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('winmem run app.exe'),
    });
    expect(winmem(['--version'], cwd).stdout).toMatch(/^winmem \d+\.\d+\.\d+\n$/);
  });
});

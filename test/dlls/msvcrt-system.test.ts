import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeHost } from '../../src/machine/node-host.ts';
import { Drives } from '../../src/process/drives.ts';
import { Pending } from '../../src/process/thread.ts';
import { CrtGuest } from './msvcrt-guest.ts';

function inFolder(run: (guest: CrtGuest, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'msvcrt-'));
  try {
    const host = nodeHost();
    const guest = new CrtGuest(host);
    guest.machine.drives = new Drives(host.files);
    guest.machine.drives.add('X', folder, true);
    guest.thread.process.currentDirectory = 'X:\\';
    run(guest, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function name(guest: CrtGuest, at: number): string {
  return guest.read(at, guest.int('strlen', at));
}

describe('folders', () => {
  it('are searched, with sizes and attributes', () =>
    inFolder((guest, folder) => {
      writeFileSync(join(folder, 'a.txt'), 'hello');
      writeFileSync(join(folder, 'b.txt'), '');
      mkdirSync(join(folder, 'c.txt'));
      const data = guest.block(400);
      const search = guest.call('_findfirst', guest.text('*.txt'), data);
      const found: string[] = [];
      do
        found.push(
          `${name(guest, data + 36)} ${guest.memory.u32(data + 32)} ${guest.memory.u32(data) & 0x10}`,
        );
      while (guest.int('_findnext', search, data) === 0);
      expect(found.sort()).toEqual(['a.txt 5 0', 'b.txt 0 0', 'c.txt 0 16']);
      expect(guest.errno).toBe(2);
      expect(guest.int('_findclose', search)).toBe(0);
      expect(guest.int('_findclose', search)).toBe(-1);
    }));

  it('are made, entered, measured and removed', () =>
    inFolder((guest, folder) => {
      writeFileSync(join(folder, 'x.exe'), '12345');
      expect(guest.int('_mkdir', guest.text('sub'))).toBe(0);
      expect(guest.int('_mkdir', guest.text('sub'))).toBe(-1);
      expect(guest.errno).toBe(17);
      expect(guest.int('_chdir', guest.text('sub'))).toBe(0);
      const buffer = guest.block(300);
      expect(name(guest, guest.call('_getcwd', buffer, 300))).toBe('X:\\sub');
      expect(name(guest, guest.call('_fullpath', buffer, guest.text('..\\y'), 300))).toBe('X:\\y');
      expect(guest.int('_stat', guest.text('..\\x.exe'), buffer)).toBe(0);
      expect([guest.memory.u32(buffer + 20), guest.memory.u16(buffer + 6).toString(8)]).toEqual([
        5,
        '100777',
      ]);
      expect(guest.int('rename', guest.text('..\\x.exe'), guest.text('z'))).toBe(0);
      expect(guest.int('_access', guest.text('z'), 6)).toBe(0);
      expect(guest.int('remove', guest.text('z'))).toBe(0);
      expect(guest.int('_chdir', guest.text('X:\\'))).toBe(0);
      expect(guest.int('_rmdir', guest.text('sub'))).toBe(0);
    }));
});

describe('floating-point control', () => {
  it('changes rounding and masks in float.h terms, and only what the mask says', () => {
    const guest = new CrtGuest();
    guest.call('_fpreset');
    expect(guest.int('_controlfp', 0, 0)).toBe(0x8001f);
    expect(guest.int('_controlfp', 0x200, 0x300)).toBe(0x8021f);
    expect(guest.int('_controlfp', 0, 0x8)).toBe(0x80217);
  });
});

describe('signals and assertions', () => {
  it('turn an exception into the signal that a program handles', () => {
    const guest = new CrtGuest();
    const seen: number[] = [];
    expect(guest.int('_XcptFilter', 0xc0000005, 0)).toBe(0);
    guest.call(
      'signal',
      11,
      guest.callback((signal) => seen.push(signal!)),
    );
    expect(guest.int('_XcptFilter', 0xc0000005, 0)).toBe(-1);
    expect(seen).toEqual([11]);
    expect(guest.int('_XcptFilter', 0xc0000005, 0)).toBe(0);
  });
  it('end the process with 3', () => {
    const guest = new CrtGuest();
    guest.enter('_assert', [guest.text('x == 1'), guest.text('a.c'), 7]);
    expect(guest.pending).toBe(Pending.exitProcess);
    expect(guest.thread.process.exitCode).toBe(3);
  });
});

describe('mathematics', () => {
  it('takes doubles apart and scales them, subnormal ones rounded once', () => {
    const guest = new CrtGuest();
    const exponent = guest.block(8);
    expect(guest.double('frexp', { double: 48 }, exponent)).toBe(0.75);
    expect(guest.memory.i32(exponent)).toBe(6);
    expect(guest.double('ldexp', { double: 0.75 }, 6)).toBe(48);
    expect(guest.double('ldexp', { double: 1 }, -1074)).toBe(Number.MIN_VALUE);
    expect(guest.double('ldexp', { double: 1 }, -1075)).toBe(0);
    expect(guest.double('ldexp', { double: 3 }, -1075)).toBe(2 * Number.MIN_VALUE);
    expect(guest.double('ldexp', { double: 1 }, 1024)).toBe(Infinity);
    expect(guest.double('ldexp', { double: Number.MIN_VALUE }, 2000)).toBe(2 ** 926);
    expect(guest.double('modf', { double: -3.25 }, exponent)).toBe(-0.25);
    expect(guest.memory.f64(exponent)).toBe(-3);
  });
  it('sets errno for what has no value', () => {
    const guest = new CrtGuest();
    guest.call('_set_errno', 0);
    expect(guest.double('sqrt', { double: -1 })).toBeNaN();
    expect(guest.errno).toBe(33);
    guest.double('exp', { double: 1000 });
    expect(guest.errno).toBe(34);
    expect(guest.double('pow', { double: 1 }, { double: Number.NaN })).toBe(1);
  });
});

describe('a second thread', () => {
  for (const runtime of ['msvcrt', 'ucrtbase'] as const)
    for (const [start, args] of [
      ['_beginthread', [0x1000, 0, 0]],
      ['_beginthreadex', [0, 0, 0x1000, 0, 0, 0]],
    ] as const)
      it(`is refused by name: ${runtime}!${start}`, () => {
        const guest = new CrtGuest(undefined, runtime);
        guest.enter(start, args);
        expect(guest.pending).toBe(Pending.stop);
        expect(guest.thread.stopReason).toBe(`${runtime}!${start}: a second thread is not built yet`);
      });
});

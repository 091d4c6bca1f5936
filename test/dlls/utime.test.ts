import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeHost } from '../../src/machine/node-host.ts';
import { Drives } from '../../src/process/drives.ts';
import { CrtGuest } from './msvcrt-guest.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const EBADF = 9;
const EACCES = 13;
const EINVAL = 22;
const O_RDONLY = 0;
const O_RDWR = 2;
const S_IREAD = 0x100;

function start(options: { writable?: boolean } = {}) {
  const host = nodeHost();
  const guest = new CrtGuest(host);
  const folder = mkdtempSync(join(tmpdir(), 'utime-'));
  folders.push(folder);
  writeFileSync(join(folder, 'a.txt'), 'text');
  guest.machine.drives = new Drives(host.files);
  guest.machine.drives.add('X', folder, options.writable ?? true);
  guest.thread.process.currentDirectory = 'X:\\';
  const times = guest.block(16);
  return {
    guest,
    folder,
    /** The function's answer, and errno where it failed. */
    set(name: string, file: number, accessed: number, modified: number) {
      const bytes = new DataView(new ArrayBuffer(16));
      const narrow = name.includes('32');
      for (const [i, time] of [accessed, modified].entries()) {
        if (narrow) bytes.setInt32(i * 4, time, true);
        else bytes.setBigInt64(i * 8, BigInt(time), true);
      }
      guest.memory.setBytes(times, new Uint8Array(bytes.buffer));
      return guest.int(name, file, times) === 0 ? 0 : guest.errno;
    },
    seconds(name: string) {
      const { atimeMs, mtimeMs } = statSync(join(folder, name));
      return [atimeMs / 1000, mtimeMs / 1000];
    },
  };
}

describe('the times of a file', () => {
  it('are set by path and by descriptor, in 64 bits and in 32', () => {
    const { guest, set, seconds } = start();
    expect(set('_utime64', guest.text('a.txt'), 1_000_000_000, 2_000_000_000)).toBe(0);
    expect(seconds('a.txt')).toEqual([1_000_000_000, 2_000_000_000]);
    expect(set('_wutime32', guest.wide('X:\\A.TXT'), 7, 0x7fff_ffff)).toBe(0);
    expect(seconds('a.txt')).toEqual([7, 0x7fff_ffff]);
    const fd = guest.int('_open', guest.text('a.txt'), O_RDWR);
    expect(set('_futime64', fd, 0, 9)).toBe(0);
    expect(seconds('a.txt')).toEqual([0, 9]);
    expect(set('_futime32', fd, 3, 4)).toBe(0);
    expect(seconds('a.txt')).toEqual([3, 4]);
  });

  it('become now where the program gives none', () => {
    const { guest, set, seconds } = start();
    const before = Date.now() / 1000 - 1;
    set('_utime64', guest.text('a.txt'), 1, 2);
    expect(guest.int('_utime64', guest.text('a.txt'), 0)).toBe(0);
    for (const time of seconds('a.txt')) expect(time).toBeGreaterThan(before);
  });

  it('stay where the new ones are before 1970 or after 3000', () => {
    const { guest, set, seconds } = start();
    set('_utime64', guest.text('a.txt'), 1, 2);
    for (const time of [-1, 32_535_216_000]) {
      expect(set('_utime64', guest.text('a.txt'), time, 5)).toBe(EINVAL);
      expect(set('_utime64', guest.text('a.txt'), 5, time)).toBe(EINVAL);
    }
    expect(set('_utime32', guest.text('a.txt'), -1, 5)).toBe(EINVAL);
    expect(seconds('a.txt')).toEqual([1, 2]);
  });

  it('of a read-only file, of a folder and of what is open for reading only cannot be set', () => {
    const { guest, folder, set, seconds } = start();
    mkdirSync(join(folder, 'd'));
    set('_utime64', guest.text('a.txt'), 1, 2);
    const fd = guest.int('_open', guest.text('a.txt'), O_RDONLY);
    expect(set('_futime64', fd, 3, 4)).toBe(EINVAL);
    expect(set('_futime64', 77, 3, 4)).toBe(EBADF);
    expect(set('_utime64', guest.text('d'), 3, 4)).toBe(EACCES);
    guest.int('_chmod', guest.text('a.txt'), S_IREAD);
    expect(set('_utime64', guest.text('a.txt'), 3, 4)).toBe(EACCES);
    expect(seconds('a.txt')).toEqual([1, 2]);
  });

  it('on a read-only drive cannot be set', () => {
    const { guest, set, seconds } = start({ writable: false });
    const before = seconds('a.txt');
    expect(set('_utime64', guest.text('a.txt'), 3, 4)).toBe(EACCES);
    expect(seconds('a.txt')[1]).toBe(before[1]);
  });
});

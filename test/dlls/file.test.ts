import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directoryApi, directoryBaseApi } from '../../src/dlls/kernel32/directory.ts';
import { fileApi } from '../../src/dlls/kernel32/file.ts';
import { fileInfoApi, fileInfoClassApi } from '../../src/dlls/kernel32/file-info.ts';
import { fileLockApi } from '../../src/dlls/kernel32/file-lock.ts';
import { findApi } from '../../src/dlls/kernel32/find.ts';
import { handleApi } from '../../src/dlls/kernel32/handle.ts';
import { matchesPattern } from '../../src/process/name-match.ts';
import { Pending } from '../../src/process/thread.ts';
import { Guest } from './guest.ts';

const api = {
  ...fileApi.functions,
  ...fileInfoApi.functions,
  ...fileLockApi.functions,
  ...fileInfoClassApi.functions,
  ...directoryApi.functions,
  ...directoryBaseApi.functions,
  ...findApi.functions,
  ...handleApi.functions,
};
const READ = 0x8000_0000;
const WRITE = 0x4000_0000;
const DELETE = 0x10000;
const SHARE_READ = 1;
const SHARE_WRITE = 2;
const SHARE_DELETE = 4;
const [CREATE_NEW, CREATE_ALWAYS, OPEN_EXISTING, OPEN_ALWAYS, TRUNCATE_EXISTING] = [1, 2, 3, 4, 5] as const;
const BACKUP_SEMANTICS = 0x0200_0000;
const DELETE_ON_CLOSE = 0x0400_0000;

let guest: Guest;
beforeEach(() => {
  guest = new Guest();
});
afterEach(() => guest.close());

const inFolder = (path: string) => join(guest.folder, path);
const text = (path: string) => readFileSync(inFolder(path), 'latin1');

function open(path: string, access: number, disposition: number, share = 0, flags = 0x80): number {
  return guest.call(api.CreateFileW, path, access, share, 0, disposition, flags, 0);
}
/** Last error of an opening that has to fail. */
function openError(path: string, access: number, disposition: number, share = 0, flags = 0x80): number {
  expect(open(path, access, disposition, share, flags)).toBe(-1);
  return guest.lastError;
}
function write(handle: number, content: string, overlapped = 0): number {
  guest.memory.setBytes(guest.buffer, new TextEncoder().encode(content));
  return guest.call(api.WriteFile, handle, guest.buffer, content.length, guest.buffer + 0x8000, overlapped);
}
/** What ReadFile gave, or its last error. */
function read(handle: number, count: number, overlapped = 0): string | number {
  const done = guest.call(api.ReadFile, handle, guest.buffer, count, guest.buffer + 0x8000, overlapped);
  const length = guest.memory.u32(guest.buffer + 0x8000);
  return done ? new TextDecoder('latin1').decode(guest.memory.bytes(guest.buffer, length)) : guest.lastError;
}
const close = (handle: number) => guest.call(api.CloseHandle, handle);
const seek = (handle: number, to: number, method = 0) =>
  guest.call(api.SetFilePointer, handle, to, 0, method);
/** 0 when the call succeeded, else last error. */
const error = (result: number) => (result ? 0 : guest.lastError);

describe('CreateFile', () => {
  it('makes, opens, empties and refuses by its disposition, and tells by last error what was there', () => {
    expect(openError('a.txt', READ, OPEN_EXISTING)).toBe(2);
    expect(openError('no\\a.txt', READ, OPEN_EXISTING)).toBe(3);
    expect(openError('no\\a.txt', WRITE, CREATE_ALWAYS)).toBe(3);
    close(open('a.txt', WRITE, CREATE_NEW));
    expect(guest.lastError).toBe(0);
    expect(openError('A.TXT', WRITE, CREATE_NEW)).toBe(80);
    writeFileSync(inFolder('d/a.txt'), 'content');
    close(open('a.txt', WRITE, OPEN_ALWAYS));
    expect([guest.lastError, text('d/a.txt')]).toEqual([183, 'content']);
    close(open('a.txt', WRITE, TRUNCATE_EXISTING));
    expect([guest.lastError, text('d/a.txt')]).toEqual([0, '']);
    writeFileSync(inFolder('d/a.txt'), 'content');
    close(open('a.txt', WRITE, CREATE_ALWAYS));
    expect([guest.lastError, text('d/a.txt')]).toEqual([183, '']);
    expect(openError('a.txt', READ, TRUNCATE_EXISTING)).toBe(87);
    expect(openError('a.txt', READ, 6)).toBe(87);
    expect(openError('a.txt\\', WRITE, OPEN_EXISTING)).toBe(123);
    expect(readdirSync(inFolder('d'))).toEqual(['a.txt']);
  });
  it('share modes are kept in both directions, by file and not by name', () => {
    const first = open('s.txt', READ | WRITE, CREATE_NEW, SHARE_READ);
    expect(openError('S.TXT', WRITE, OPEN_EXISTING, SHARE_READ | SHARE_WRITE)).toBe(32);
    expect(openError('s.txt', READ, OPEN_EXISTING, SHARE_READ)).toBe(32);
    const second = open('s.txt', READ, OPEN_EXISTING, SHARE_READ | SHARE_WRITE);
    expect(second).toBeGreaterThan(0);
    expect(open('s.txt', 0, OPEN_EXISTING, 0)).toBeGreaterThan(0);
    expect(error(guest.call(api.DeleteFileW, 's.txt'))).toBe(32);
    expect(error(guest.call(api.MoveFileW, 's.txt', 't.txt'))).toBe(32);
    close(first);
    close(second);
    expect(open('s.txt', WRITE, OPEN_EXISTING)).toBeGreaterThan(0);
  });
  it('writes nothing on a read-only drive', () => {
    writeFileSync(inFolder('e/app.txt'), 'app');
    expect(read(open('E:\\app.txt', READ, OPEN_EXISTING), 10)).toBe('app');
    for (const disposition of [OPEN_EXISTING, CREATE_ALWAYS, OPEN_ALWAYS, TRUNCATE_EXISTING]) {
      expect(openError('E:\\app.txt', WRITE, disposition, SHARE_READ), String(disposition)).toBe(19);
    }
    expect(openError('E:\\new.txt', READ, OPEN_ALWAYS)).toBe(19);
    expect(openError('E:\\app.txt', READ, OPEN_EXISTING, SHARE_READ, DELETE_ON_CLOSE)).toBe(19);
    expect(error(guest.call(api.DeleteFileW, 'E:\\app.txt'))).toBe(19);
    expect(error(guest.call(api.CreateDirectoryW, 'E:\\x', 0))).toBe(19);
    expect(error(guest.call(api.MoveFileW, 'E:\\app.txt', 'E:\\b.txt'))).toBe(32);
    guest.process.handles.closeAll();
    expect(error(guest.call(api.MoveFileW, 'E:\\app.txt', 'E:\\b.txt'))).toBe(19);
    expect(error(guest.call(api.SetFileAttributesW, 'E:\\app.txt', 2))).toBe(19);
    expect(readdirSync(inFolder('e'))).toEqual(['app.txt']);
  });
  it('a link out of the drive cannot be read, made, emptied or deleted', () => {
    writeFileSync(inFolder('secret'), 'secret');
    symlinkSync('../secret', inFolder('d/link'));
    symlinkSync('../made', inFolder('d/dangling'));
    for (const disposition of [CREATE_NEW, CREATE_ALWAYS, OPEN_EXISTING, OPEN_ALWAYS, TRUNCATE_EXISTING]) {
      expect(openError('link', WRITE, disposition)).toBe(5);
      expect(openError('dangling', WRITE, disposition)).toBe(5);
    }
    expect(error(guest.call(api.CopyFileW, 'link', 'copy', 0))).toBe(5);
    expect([text('secret'), existsSync(inFolder('made')), existsSync(inFolder('d/copy'))]).toEqual([
      'secret',
      false,
      false,
    ]);
  });
  it('a relative link stays where it is: elsewhere it could lead out', () => {
    mkdirSync(inFolder('d/deep'));
    writeFileSync(inFolder('d/target'), 'inside');
    writeFileSync(inFolder('target'), 'outside');
    symlinkSync('../target', inFolder('d/deep/link'));
    expect(read(open('deep\\link', READ, OPEN_EXISTING, 7), 20)).toBe('inside');
    guest.process.handles.closeAll();
    expect(error(guest.call(api.MoveFileW, 'deep\\link', 'link'))).toBe(5);
    expect(guest.call(api.DeleteFileW, 'deep\\link')).toBe(1);
    expect([existsSync(inFolder('d/deep/link')), text('d/target'), text('target')]).toEqual([
      false,
      'inside',
      'outside',
    ]);
  });
  it('the root of a drive cannot be deleted by a handle', () => {
    expect(openError('D:\\', DELETE, OPEN_EXISTING, 7, BACKUP_SEMANTICS)).toBe(5);
    expect(openError('D:\\', 0, OPEN_EXISTING, 7, BACKUP_SEMANTICS | DELETE_ON_CLOSE)).toBe(5);
    expect(error(guest.call(api.MoveFileW, 'D:\\', 'D:\\x'))).toBe(5);
    close(open('D:\\', READ, OPEN_EXISTING, 7, BACKUP_SEMANTICS));
    expect(existsSync(inFolder('d'))).toBe(true);
  });
  it('a pipe of the host is refused without opening it', () => {
    execFileSync('mkfifo', [inFolder('d/pipe')]);
    expect(openError('pipe', READ, OPEN_EXISTING)).toBe(5);
  });
  it('opens folders only with FILE_FLAG_BACKUP_SEMANTICS', () => {
    mkdirSync(inFolder('d/dir'));
    expect(openError('dir', READ, OPEN_EXISTING)).toBe(5);
    const handle = open('dir', 0, OPEN_EXISTING, 7, BACKUP_SEMANTICS);
    expect(guest.call(api.GetFileType, handle)).toBe(1);
    expect(read(handle, 4)).toBe(5);
  });
  it('names what is not built', () => {
    open('a', READ, OPEN_ALWAYS, 0, 0x4000_0000);
    expect([guest.thread.pending, guest.thread.stopReason]).toEqual([
      Pending.stop,
      'kernel32!CreateFileW: FILE_FLAG_OVERLAPPED is not built yet',
    ]);
  });
  it('NUL takes everything and holds nothing', () => {
    const handle = open('C:\\any\\nul.txt', READ | WRITE, OPEN_EXISTING);
    expect([write(handle, 'gone'), read(handle, 4), guest.call(api.GetFileType, handle)]).toEqual([1, '', 2]);
  });
  it('the A form takes the ANSI code page', () => {
    const name = guest.narrow('\x80\xe4.txt');
    expect(guest.call(api.CreateFileA, name, WRITE, 0, 0, CREATE_NEW, 0x80, 0)).toBeGreaterThan(0);
    expect(readdirSync(inFolder('d'))).toEqual(['€ä.txt']);
  });
});

describe('reading and writing', () => {
  it('moves the file pointer, past the end too, and the gap is zero', () => {
    const handle = open('f', READ | WRITE, CREATE_NEW);
    expect(write(handle, 'hello')).toBe(1);
    expect(guest.memory.u32(guest.buffer + 0x8000)).toBe(5);
    expect(seek(handle, 8)).toBe(8);
    write(handle, 'x');
    expect(text('d/f')).toBe('hello\0\0\0x');
    expect([seek(handle, -4, 2), read(handle, 100), read(handle, 100)]).toEqual([5, '\0\0\0x', '']);
    expect([seek(handle, -10, 0), guest.lastError]).toEqual([0xffff_ffff, 131]);
    expect([seek(handle, 0, 3), guest.lastError]).toEqual([0xffff_ffff, 87]);
    expect(seek(handle, 0, 1)).toBe(9);
  });
  it('SetFilePointer gives a large position in two halves and refuses it without a place for the high one', () => {
    const handle = open('f', READ | WRITE, CREATE_NEW);
    guest.memory.setU32(guest.buffer, 1);
    expect(guest.call(api.SetFilePointer, handle, -1, guest.buffer, 0)).toBe(0xffff_ffff);
    expect([guest.lastError, guest.memory.u32(guest.buffer)]).toEqual([0, 1]);
    expect([seek(handle, 1, 1), guest.lastError]).toEqual([0xffff_ffff, 87]);
    expect(guest.call(api.SetFilePointerEx, handle, 0xffff_ffff, 0xffff_ffff, guest.buffer, 1)).toBe(1);
    expect(guest.memory.u64(guest.buffer)).toBe(0x1_ffff_fffe);
  });
  it('an OVERLAPPED gives the position of a synchronous transfer, which then is the file pointer', () => {
    const handle = open('f', READ | WRITE, CREATE_NEW);
    const overlapped = guest.buffer + 0x9000;
    write(handle, '0123456789');
    guest.memory.setU32(overlapped + 0x10, 4);
    expect([read(handle, 3, overlapped), read(handle, 2)]).toEqual(['456', '78']);
    expect(guest.memory.u64(overlapped + 8)).toBe(3);
    guest.memory.setU32(overlapped + 0x10, 10);
    expect(read(handle, 3, overlapped)).toBe(38);
    guest.memory.setHalves(overlapped + 0x10, 0xffff_ffff, 0xffff_ffff);
    write(handle, 'end', overlapped);
    expect(text('d/f')).toBe('0123456789end');
  });
  it('FILE_APPEND_DATA alone always writes at the end', () => {
    writeFileSync(inFolder('d/log'), 'one ');
    const handle = open('log', 4, OPEN_EXISTING);
    write(handle, 'two ');
    seek(handle, 0);
    write(handle, 'three');
    expect(text('d/log')).toBe('one two three');
  });
  it('appending is kept off the end by locks, not off where the pointer is', () => {
    writeFileSync(inFolder('d/log'), 'one ');
    const log = open('log', 4, OPEN_EXISTING, SHARE_READ | SHARE_WRITE);
    const other = open('log', READ | WRITE, OPEN_EXISTING, SHARE_READ | SHARE_WRITE);
    expect(guest.call(api.LockFile, other, 0, 0, 4, 0)).toBe(1);
    seek(log, 0);
    expect(error(write(log, 'two '))).toBe(0);
    expect(guest.call(api.LockFile, other, 8, 0, 1, 0)).toBe(1);
    expect(error(write(log, 'three'))).toBe(33);
    expect(text('d/log')).toBe('one two ');
  });
  it('needs the rights', () => {
    writeFileSync(inFolder('d/f'), 'text');
    const reader = open('f', READ, OPEN_EXISTING, SHARE_READ | SHARE_WRITE);
    const writer = open('f', WRITE, OPEN_EXISTING, SHARE_READ | SHARE_WRITE);
    expect([error(write(reader, 'x')), read(writer, 1)]).toEqual([5, 5]);
    expect([
      error(guest.call(api.SetEndOfFile, reader)),
      error(guest.call(api.FlushFileBuffers, reader)),
    ]).toEqual([5, 5]);
    expect([guest.call(api.FlushFileBuffers, writer), text('d/f')]).toEqual([1, 'text']);
  });
  it('two handles see the same bytes at once, and large transfers are whole', () => {
    const one = open('f', READ | WRITE, CREATE_NEW, SHARE_READ | SHARE_WRITE);
    const two = open('f', READ, OPEN_EXISTING, SHARE_READ | SHARE_WRITE);
    const big = guest.call.bind(guest);
    const { space, memory } = guest.thread;
    expect(space.allocate(0, 3 << 20, 0x3000, 4)).toBe(0);
    const at = space.resultBase;
    for (let i = 0; i < 3 << 20; i += 4096) memory.setU32(at + i, i);
    expect(big(api.WriteFile, one, at, 3 << 20, guest.buffer, 0)).toBe(1);
    memory.fill(at, 0, 3 << 20);
    expect(big(api.ReadFile, two, at, 3 << 20, guest.buffer, 0)).toBe(1);
    expect(guest.memory.u32(guest.buffer)).toBe(3 << 20);
    for (let i = 0; i < 3 << 20; i += 4096) if (memory.u32(at + i) !== i) expect.fail(`page at ${i}`);
    expect(guest.call(api.GetFileSize, two, 0)).toBe(3 << 20);
  });
  it('a bad buffer is 998 for ReadFile and 1784 for WriteFile, and nothing moves', () => {
    const handle = open('f', READ | WRITE, CREATE_NEW);
    write(handle, 'text');
    seek(handle, 0);
    expect(error(guest.call(api.WriteFile, handle, 0x10, 4, 0, 0))).toBe(1784);
    expect(() => guest.call(api.ReadFile, handle, 0x10, 4, 0, 0)).toThrow(
      expect.objectContaining({ status: 0xc000_0005, address: 0x10 }),
    );
    expect([seek(handle, 0, 1), text('d/f')]).toEqual([0, 'text']);
  });
  it('SetEndOfFile cuts and extends', () => {
    const handle = open('f', READ | WRITE, CREATE_NEW);
    write(handle, '0123456789');
    seek(handle, 4);
    expect(guest.call(api.SetEndOfFile, handle)).toBe(1);
    seek(handle, 6);
    expect(guest.call(api.SetEndOfFile, handle)).toBe(1);
    expect(text('d/f')).toBe('0123\0\0');
  });
});

describe('names', () => {
  it('a file that is deleted while it is open goes with its last handle', () => {
    const share = SHARE_READ | SHARE_WRITE | SHARE_DELETE;
    const handle = open('f', READ | WRITE, CREATE_NEW, share);
    expect(guest.call(api.DeleteFileW, 'f')).toBe(1);
    expect(openError('f', READ, OPEN_EXISTING, share)).toBe(5);
    expect(existsSync(inFolder('d/f'))).toBe(true);
    write(handle, 'still here');
    close(handle);
    expect(existsSync(inFolder('d/f'))).toBe(false);
    expect(error(guest.call(api.DeleteFileW, 'f'))).toBe(2);
  });
  it('FILE_FLAG_DELETE_ON_CLOSE and FileDispositionInfo delete at the last close', () => {
    const share = SHARE_READ | SHARE_WRITE | SHARE_DELETE;
    const first = open('f', WRITE, CREATE_NEW, share, DELETE_ON_CLOSE);
    const second = open('f', READ, OPEN_EXISTING, share);
    close(first);
    expect(existsSync(inFolder('d/f'))).toBe(true);
    close(second);
    expect(existsSync(inFolder('d/f'))).toBe(false);
    const third = open('g', DELETE, CREATE_NEW, share);
    guest.memory.setU8(guest.buffer, 1);
    expect(guest.call(api.SetFileInformationByHandle, third, 4, guest.buffer, 1)).toBe(1);
    guest.memory.setU8(guest.buffer, 0);
    guest.call(api.SetFileInformationByHandle, third, 4, guest.buffer, 1);
    close(third);
    expect(existsSync(inFolder('d/g'))).toBe(true);
  });
  it('moves, renames in another case, replaces only when asked, and follows who has it open', () => {
    writeFileSync(inFolder('d/a'), 'a');
    writeFileSync(inFolder('d/b'), 'b');
    expect(error(guest.call(api.MoveFileW, 'a', 'b'))).toBe(183);
    expect(error(guest.call(api.MoveFileW, 'none', 'x'))).toBe(2);
    expect(error(guest.call(api.MoveFileW, 'a', 'no\\x'))).toBe(3);
    expect(guest.call(api.MoveFileW, 'a', 'A')).toBe(1);
    expect(readdirSync(inFolder('d')).sort()).toEqual(['A', 'b']);
    const handle = open('a', DELETE | READ, OPEN_EXISTING, 7, DELETE_ON_CLOSE);
    expect(guest.call(api.MoveFileExW, 'a', 'b', 1)).toBe(1);
    expect(text('d/b')).toBe('a');
    close(handle);
    expect(readdirSync(inFolder('d'))).toEqual([]);
  });
  it('from drive to drive a file is copied where that is allowed', () => {
    writeFileSync(inFolder('d/a'), 'a');
    mkdirSync(inFolder('d/dir'));
    expect(error(guest.call(api.MoveFileExW, 'a', 'C:\\a', 0))).toBe(17);
    expect(error(guest.call(api.MoveFileW, 'dir', 'C:\\dir'))).toBe(17);
    expect(guest.call(api.MoveFileW, 'a', 'C:\\a')).toBe(1);
    expect([text('c/a'), existsSync(inFolder('d/a'))]).toEqual(['a', false]);
  });
  it('copies bytes and attributes', () => {
    writeFileSync(inFolder('d/a'), 'content');
    guest.call(api.SetFileAttributesW, 'a', 2);
    expect(guest.call(api.CopyFileW, 'a', 'b', 1)).toBe(1);
    expect(error(guest.call(api.CopyFileW, 'a', 'b', 1))).toBe(80);
    expect([text('d/b'), guest.call(api.GetFileAttributesW, 'b')]).toEqual(['content', 2]);
  });
  it('a new file has ARCHIVE, and a hidden one is replaced only by who asks for a hidden one', () => {
    close(open('h', WRITE, CREATE_NEW, 0, 2));
    expect(guest.call(api.GetFileAttributesW, 'h')).toBe(0x22);
    expect(openError('h', WRITE, CREATE_ALWAYS, 0, 0x80)).toBe(5);
    close(open('h', WRITE, CREATE_ALWAYS, 0, 2));
    close(open('h', WRITE, TRUNCATE_EXISTING, 0, 0x80));
    expect(guest.call(api.GetFileAttributesW, 'h')).toBe(0x22);
  });
  it('a read-only file is neither written nor deleted', () => {
    writeFileSync(inFolder('d/a'), 'content');
    expect(guest.call(api.SetFileAttributesW, 'a', 1)).toBe(1);
    expect(openError('a', WRITE, OPEN_EXISTING)).toBe(5);
    expect(openError('a', WRITE, CREATE_ALWAYS)).toBe(5);
    expect(error(guest.call(api.DeleteFileW, 'a'))).toBe(5);
    guest.call(api.SetFileAttributesW, 'a', 0x80);
    expect(guest.call(api.GetFileAttributesW, 'a')).toBe(0x80);
    expect(guest.call(api.DeleteFileW, 'a')).toBe(1);
  });
  it('folders are made and removed with the documented errors', () => {
    expect(guest.call(api.CreateDirectoryW, 'dir', 0)).toBe(1);
    expect(error(guest.call(api.CreateDirectoryW, 'DIR', 0))).toBe(183);
    expect(error(guest.call(api.CreateDirectoryW, 'a\\b', 0))).toBe(3);
    writeFileSync(inFolder('d/dir/f'), '');
    expect(error(guest.call(api.RemoveDirectoryW, 'dir'))).toBe(145);
    expect(error(guest.call(api.RemoveDirectoryW, 'dir\\f'))).toBe(267);
    expect(error(guest.call(api.DeleteFileW, 'dir'))).toBe(5);
    expect(error(guest.call(api.RemoveDirectoryW, 'none'))).toBe(2);
    expect(error(guest.call(api.RemoveDirectoryW, 'D:\\'))).toBe(5);
    const inside = open('dir\\f', READ, OPEN_EXISTING, 7);
    expect(error(guest.call(api.MoveFileW, 'dir', 'other'))).toBe(5);
    close(inside);
    expect(guest.call(api.MoveFileW, 'dir', 'other')).toBe(1);
    guest.call(api.DeleteFileW, 'other\\f');
    guest.call(api.SetCurrentDirectoryW, 'other');
    expect(error(guest.call(api.RemoveDirectoryW, 'D:\\other'))).toBe(32);
    guest.call(api.SetCurrentDirectoryW, '..');
    expect(guest.call(api.RemoveDirectoryW, 'other')).toBe(1);
  });
  it('the current directory, full paths and temporary names', () => {
    mkdirSync(inFolder('d/Dir'));
    expect(guest.call(api.SetCurrentDirectoryW, 'dir\\')).toBe(1);
    expect(guest.call(api.GetCurrentDirectoryW, 100, guest.buffer)).toBe(6);
    expect(guest.memory.utf16z(guest.buffer)).toBe('D:\\dir');
    expect(guest.call(api.GetCurrentDirectoryW, 6, guest.buffer)).toBe(7);
    expect(error(guest.call(api.SetCurrentDirectoryW, 'none'))).toBe(2);
    expect(guest.call(api.GetFullPathNameW, '..\\x.txt', 100, guest.buffer, guest.buffer + 0x1000)).toBe(8);
    expect(guest.memory.utf16z(guest.memory.u64(guest.buffer + 0x1000))).toBe('x.txt');
    guest.call(api.GetTempPathA, 100, guest.buffer);
    expect(guest.memory.asciiz(guest.buffer)).toBe('C:\\Users\\user\\AppData\\Local\\Temp\\');
    const number = guest.call(
      api.GetTempFileNameW,
      'C:\\Users\\user\\AppData\\Local\\Temp',
      'prefix',
      0,
      guest.buffer,
    );
    const name = guest.memory.utf16z(guest.buffer);
    expect(name).toBe(`C:\\Users\\user\\AppData\\Local\\Temp\\pre${number.toString(16).toUpperCase()}.tmp`);
    expect(guest.call(api.GetFileAttributesW, name)).toBe(0x20);
    expect(error(guest.call(api.GetTempFileNameW, 'C:\\none', 'p', 0, guest.buffer))).toBe(267);
  });
});

describe('what is known about files', () => {
  it('attributes, times, size and identity', () => {
    writeFileSync(inFolder('d/f'), '12345');
    expect(guest.call(api.GetFileAttributesW, 'f')).toBe(0x20);
    expect(guest.call(api.GetFileAttributesW, 'C:\\Windows')).toBe(0x10);
    expect([guest.call(api.GetFileAttributesW, 'none'), guest.lastError]).toEqual([0xffff_ffff, 2]);
    guest.call(api.GetFileAttributesExW, 'f', 0, guest.buffer);
    expect(guest.memory.u32(guest.buffer + 32)).toBe(5);
    const year = (guest.memory.u64(guest.buffer + 20) / 1e7 - 11_644_473_600) / (365.25 * 86400) + 1970;
    expect(Math.abs(year - new Date().getFullYear())).toBeLessThan(1.1);
    const one = open('f', READ, OPEN_EXISTING, 7);
    const two = open('F', READ, OPEN_EXISTING, 7);
    guest.call(api.GetFileInformationByHandle, one, guest.buffer);
    guest.call(api.GetFileInformationByHandle, two, guest.buffer + 0x100);
    expect(guest.memory.bytes(guest.buffer, 52)).toEqual(guest.memory.bytes(guest.buffer + 0x100, 52));
    expect([guest.memory.u32(guest.buffer), guest.memory.u32(guest.buffer + 36)]).toEqual([0x20, 5]);
    expect(guest.call(api.GetFinalPathNameByHandleW, two, guest.buffer, 100, 0)).toBe(8);
    expect(guest.memory.utf16z(guest.buffer)).toBe('\\\\?\\D:\\F');
    guest.call(api.GetFileInformationByHandleEx, one, 1, guest.buffer, 24);
    expect([guest.memory.u64(guest.buffer), guest.memory.u64(guest.buffer + 8)]).toEqual([4096, 5]);
  });
});

describe('searching', () => {
  function list(pattern: string): string[] {
    const handle = guest.call(api.FindFirstFileW, pattern, guest.buffer);
    if (handle === -1) return [`error ${guest.lastError}`];
    const names: string[] = [];
    do names.push(guest.memory.utf16z(guest.buffer + 44));
    while (guest.call(api.FindNextFileW, handle, guest.buffer));
    expect(guest.lastError).toBe(18);
    expect(guest.call(api.FindClose, handle)).toBe(1);
    return names;
  }
  it('lists in upper-case order, with dots outside of the root, in any case, hiding what the guest cannot have', () => {
    mkdirSync(inFolder('d/dir'));
    for (const name of ['b.txt', 'A.TXT', 'c', 'bad:name', 'dot.'])
      writeFileSync(inFolder(`d/dir/${name}`), '');
    symlinkSync('/etc', inFolder('d/dir/out'));
    expect(list('dir\\*')).toEqual(['.', '..', 'A.TXT', 'b.txt', 'c']);
    expect(list('DIR\\*.txt')).toEqual(['A.TXT', 'b.txt']);
    expect(list('dir\\B.TXT')).toEqual(['b.txt']);
    expect(list('*')).toEqual(['dir']);
    expect(list('dir')).toEqual(['dir']);
    expect(list('dir\\x*')).toEqual(['error 2']);
    expect(list('none\\*')).toEqual(['error 3']);
    expect(list('dir\\')).toEqual(['error 2']);
    expect(list('dir\\out')).toEqual(['error 5']);
    expect(list('dir\\c\\*')).toEqual(['error 267']);
  });
  it('a search handle is not a kernel handle', () => {
    const handle = guest.call(api.FindFirstFileW, 'C:\\*', guest.buffer);
    expect(error(close(handle))).toBe(6);
    expect(guest.call(api.FindClose, handle)).toBe(1);
    expect(error(guest.call(api.FindClose, handle))).toBe(6);
  });
  it.each([
    ['*.*', 'abc', true],
    ['*', 'a.b', true],
    ['*.', 'abc', true],
    ['*.', '..', true],
    ['?', '.', false],
    ['*.', 'a.b', false],
    ['a?c', 'ABC', true],
    ['a?', 'a', true],
    ['a?', 'abc', false],
    ['a?.txt', 'a.txt', true],
    ['*.t?t', 'x.tt', false],
    ['*.tar.gz', 'a.b.tar.gz', true],
    ['abc.*', 'abc', true],
    ['*b*d', 'abcd', true],
    ['*b*e', 'abcd', false],
    ['', 'a', false],
  ])('%s and %s: %s', (pattern, name, expected) => expect(matchesPattern(name, pattern)).toBe(expected));
});

describe('handles', () => {
  it('a duplicate refers to the same object, whose last handle closes it', () => {
    const handle = open('f', READ | WRITE, CREATE_NEW);
    expect(guest.call(api.DuplicateHandle, -1, handle, -1, guest.buffer, 0, 0, 2)).toBe(1);
    const second = guest.memory.u64(guest.buffer);
    write(handle, 'abc');
    close(handle);
    expect([read(second, 1), seek(second, 1), read(second, 5)]).toEqual(['', 1, 'bc']);
    expect(guest.call(api.DuplicateHandle, -1, second, -1, guest.buffer, 1, 0, 0)).toBe(1);
    const reader = guest.memory.u64(guest.buffer);
    expect(error(write(reader, 'x'))).toBe(5);
    expect(error(guest.call(api.DuplicateHandle, -1, reader, -1, guest.buffer, 2, 0, 0))).toBe(5);
    expect(error(guest.call(api.DuplicateHandle, -1, 0x1234, -1, guest.buffer, 0, 0, 2))).toBe(6);
    expect(guest.memory.u64(guest.buffer)).toBe(0);
  });
  it('a protected handle stays open', () => {
    const handle = open('f', READ, OPEN_ALWAYS);
    guest.call(api.SetHandleInformation, handle, 2, 2);
    expect(error(close(handle))).toBe(6);
    guest.call(api.GetHandleInformation, handle, guest.buffer);
    expect(guest.memory.u32(guest.buffer)).toBe(2);
    guest.call(api.SetHandleInformation, handle, 2, 0);
    expect(close(handle)).toBe(1);
    expect(error(close(handle))).toBe(6);
  });
});

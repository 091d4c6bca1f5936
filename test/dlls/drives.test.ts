import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { moveFile } from '../../src/process/change-files.ts';
import { fullPath, isValidName } from '../../src/process/paths.ts';
import { Guest } from './guest.ts';

let guest: Guest;
beforeEach(() => {
  guest = new Guest({
    prepare: (folder) => {
      writeFileSync(join(folder, 'secret.txt'), 'secret');
      mkdirSync(join(folder, 'd/Sub/Deep'), { recursive: true });
      writeFileSync(join(folder, 'd/Sub/Read Me.TXT'), 'text');
      writeFileSync(join(folder, 'e/app.exe'), 'MZ');
    },
  });
});
afterEach(() => guest.close());

const inFolder = (path: string) => join(guest.folder, path);
const resolve = (path: string) => guest.machine.drives!.resolve(path, guest.process);
/** Host path of what is there, 'nothing' where a file could be made, 'device', or the Win32 error. */
function outcome(path: string): string | number {
  const place = resolve(path);
  if (typeof place === 'number') return place;
  if ('device' in place) return `device ${place.device}`;
  return place.status ? place.hostPath : 'nothing';
}

describe('finding files', () => {
  it('finds names in any case, with either separator, and relative to the current directory', () => {
    const file = inFolder('d/Sub/Read Me.TXT');
    for (const path of [
      'D:\\sub\\READ me.txt',
      'd:/SUB/read me.TXT',
      'Sub\\Read Me.TXT',
      '\\sub\\.\\x\\..\\read me.txt',
      '\\\\?\\D:\\sub\\read me.txt',
    ]) {
      expect(outcome(path), path).toBe(file);
    }
  });
  it('prefers the exact name where the host has two that differ in case', () => {
    writeFileSync(inFolder('d/a.txt'), '');
    writeFileSync(inFolder('d/A.txt'), '');
    expect(outcome('a.txt')).toBe(inFolder('d/a.txt'));
    expect(outcome('A.txt')).toBe(inFolder('d/A.txt'));
    expect(outcome('A.TXT')).toBe(inFolder('d/A.txt'));
  });
  it('tells a missing file from a missing folder', () => {
    expect(outcome('D:\\none.txt')).toBe('nothing');
    expect(outcome('D:\\none\\x.txt')).toBe(3);
    expect(outcome('D:\\Sub\\Read Me.TXT\\x')).toBe(3);
    expect(outcome('Q:\\x')).toBe(3);
    expect(outcome('')).toBe(3);
    expect(outcome('D:\\a*b')).toBe(123);
    expect(outcome('\\\\server\\share\\x')).toBe(53);
  });
  it('keeps a current directory for each drive', () => {
    guest.process.currentDirectory = 'D:\\Sub';
    guest.process.environment.set('=C:', 'C:\\Windows');
    expect(outcome('Read Me.TXT')).toBe(inFolder('d/Sub/Read Me.TXT'));
    expect(outcome('C:System32')).toBe(inFolder('c/Windows/System32'));
    expect(outcome('E:app.exe')).toBe(inFolder('e/app.exe'));
    expect(outcome('\\Sub\\Deep')).toBe(inFolder('d/Sub/Deep'));
  });
  it('names the standard devices in any folder and with any extension', () => {
    for (const path of ['nul', 'NUL.txt', 'D:\\Sub\\nul', 'nul:', 'nul  ', '\\\\.\\NUL', '.\\Nul.a.b'])
      expect(outcome(path), path).toBe('device NUL');
    expect(outcome('CONIN$')).toBe('device CONIN$');
    expect(outcome('con')).toBe('device CON');
  });
  it('calls a host path by the drive that it lies on', () => {
    expect(guest.machine.drives!.guestPath(inFolder('e/app.exe'))).toBe('E:\\app.exe');
    expect(guest.machine.drives!.guestPath(inFolder('d'))).toBe('D:\\');
    expect(guest.machine.drives!.guestPath(inFolder('secret.txt'))).toBeUndefined();
  });
});

describe('hostile paths', () => {
  it('".." stops at the root of the drive in every spelling', () => {
    for (const path of [
      'D:\\..\\secret.txt',
      'D:\\Sub\\..\\..\\..\\secret.txt',
      '..\\..\\secret.txt',
      'D:../../secret.txt',
      '\\\\.\\D:\\..\\secret.txt',
    ]) {
      expect(outcome(path), path).toBe('nothing');
    }
    expect(outcome('\\\\?\\D:\\..\\secret.txt')).toBe(123);
    expect(outcome('\\\\?\\D:\\Sub\\..\\..\\secret.txt')).toBe(123);
  });
  it('host paths, NT paths and volume devices lead nowhere', () => {
    const paths = [
      '/etc/passwd',
      '\\??\\C:\\x',
      '\\\\?\\GLOBALROOT\\Device\\x',
      '\\\\.\\PhysicalDrive0',
      '\\\\.\\C:',
      '\\\\?\\D:',
      '\\\\?\\UNC\\a\\b',
      '\\\\?\\/etc/passwd',
      '//?/etc/passwd',
      '\\\\?\\D:/secret.txt',
      '\\\\.\\pipe\\x',
    ];
    for (const path of paths) expect([2, 3, 5, 53, 123], path).toContain(outcome(path));
  });
  it('a symbolic link out of the drive is refused, as file, as folder, dangling, and by way of another link', () => {
    symlinkSync(inFolder('secret.txt'), inFolder('d/file'));
    symlinkSync('../..', inFolder('d/Sub/up'));
    symlinkSync(inFolder('nothing there'), inFolder('d/dangling'));
    symlinkSync('file', inFolder('d/second'));
    symlinkSync('loop', inFolder('d/loop'));
    for (const path of ['file', 'Sub\\up\\secret.txt', 'Sub\\up', 'dangling', 'second', 'loop'])
      expect(outcome(path), path).toBe(5);
  });
  it("a link to a sibling whose name begins like the drive's folder is refused", () => {
    mkdirSync(inFolder('d-other'));
    mkdirSync(inFolder('d\\evil'));
    symlinkSync(inFolder('d-other'), inFolder('d/one'));
    symlinkSync(inFolder('d\\evil'), inFolder('d/two'));
    expect(outcome('one')).toBe(5);
    expect(outcome('two')).toBe(5);
  });
  it('a link inside the drive is followed', () => {
    symlinkSync('Sub', inFolder('d/link'));
    expect(outcome('link\\read me.txt')).toBe(inFolder('d/Sub/Read Me.TXT'));
  });
  it('streams, dots and spaces at the end, and reserved names do not become other names', () => {
    expect(outcome('Sub\\Read Me.TXT:stream')).toBe(123);
    expect(outcome('Sub\\Read Me.TXT::$DATA')).toBe(123);
    expect(outcome('Sub\\Read Me.TXT. . ')).toBe(inFolder('d/Sub/Read Me.TXT'));
    expect(outcome('\\\\?\\D:\\Sub\\Read Me.TXT.')).toBe(123);
    expect(outcome('\\\\?\\D:\\Sub\\nul')).toBe(123);
    expect(outcome('\\\\?\\D:\\com1.txt')).toBe(123);
    expect(outcome('COM1')).toBe(2);
    expect(outcome('lpt\u00b9.txt')).toBe(2);
    expect(outcome('aux.c')).toBe(2);
  });
  it('a drive inside another one does not follow what is put in the place of its folder', () => {
    mkdirSync(inFolder('d/inner/deep'), { recursive: true });
    mkdirSync(inFolder('d/pool/x/inner'), { recursive: true });
    symlinkSync('../../../..', inFolder('d/pool/x/inner/deep'));
    guest.machine.drives!.add('X', inFolder('d/inner/deep'), true);
    expect(outcome('X:\\new.txt')).toBe('nothing');
    expect(moveFile(guest.process, 'D:\\inner', 'D:\\away', { replace: false, copy: false })).toBe(0);
    expect(moveFile(guest.process, 'D:\\pool\\x\\inner', 'D:\\inner', { replace: false, copy: false })).toBe(
      0,
    );
    expect([outcome('X:\\secret.txt'), outcome('X:\\')]).toEqual([3, 3]);
  });
  it('a host name that Windows cannot have is not reachable', () => {
    writeFileSync(inFolder('d/a:b'), '');
    writeFileSync(inFolder('d/a\\b'), '');
    expect(outcome('.\\a:b')).toBe(123);
    expect(outcome('a\\b')).toBe(3);
  });
  it('a path longer than 259 characters needs the \\\\?\\ form', () => {
    const name = 'n'.repeat(200);
    mkdirSync(inFolder(`d/${name}`));
    writeFileSync(inFolder(`d/${name}/${name}`), '');
    expect(outcome(`D:\\${name}\\${name}`)).toBe(3);
    expect(outcome(`\\\\?\\D:\\${name}\\${name}`)).toBe(inFolder(`d/${name}/${name}`));
    expect(outcome(`D:\\${'n'.repeat(256)}`)).toBe(123);
  });
  it('a pipe of the host in a drive is never opened', () => {
    execFileSync('mkfifo', [inFolder('d/pipe')]);
    const place = resolve('pipe');
    expect(typeof place === 'object' && 'status' in place && place.status?.kind).toBe('other');
  });
  it('no path made of hostile pieces resolves outside of its drive', () => {
    symlinkSync('../..', inFolder('d/Sub/up'));
    linkSync(inFolder('d/Sub/Read Me.TXT'), inFolder('d/hard'));
    const piece = fc.constantFrom(
      '..',
      '.',
      '\\',
      '/',
      'D:',
      'C:',
      '\\\\?\\',
      '\\\\.\\',
      'Sub',
      'up',
      'UP',
      'secret.txt',
      ' ',
      '. ',
      ':',
      '...',
      'nul',
      '\u0000',
      'Windows',
      '~',
      'hard',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
        (path) => {
          const place = resolve(path);
          if (typeof place === 'number' || 'device' in place) return;
          const inside = (host: string) =>
            host === place.drive.root || host.startsWith(`${place.drive.root}/`);
          expect(inside(place.hostPath) && inside(place.entry)).toBe(true);
          expect(place.hostPath.split('/')).not.toContain('..');
        },
      ),
      { numRuns: 2000 },
    );
    expect(readFileSync(inFolder('secret.txt'), 'utf8')).toBe('secret');
    expect(existsSync(inFolder('d/Sub'))).toBe(true);
  });
});

describe('drives', () => {
  it('refuses a letter twice, no letter, and what is no folder', () => {
    const drives = guest.machine.drives!;
    expect(() => drives.add('d', guest.folder, true)).toThrow('taken');
    expect(() => drives.add('DD', guest.folder, true)).toThrow('letter');
    expect(() => drives.add('X', inFolder('secret.txt'), true)).toThrow('not a folder');
    expect(drives.add('x', guest.folder, false)).toMatchObject({ letter: 'X', root: guest.folder });
    expect(outcome('X:\\SECRET.txt')).toBe(inFolder('secret.txt'));
  });
  it('C: holds what Windows keeps there', () => {
    for (const path of ['C:\\Windows\\System32\\KERNEL32.DLL', 'C:\\Users\\user\\AppData\\Local\\Temp'])
      expect(outcome(path)).toMatch(/^\//);
  });
});

describe('full paths', () => {
  const full = (path: string) =>
    fullPath(path, 'D:\\cur\\dir', (letter) => (letter === 'E' ? 'E:\\other' : undefined));
  it.each([
    ['a', 'D:\\cur\\dir\\a'],
    ['..\\a', 'D:\\cur\\a'],
    ['..\\..\\..\\a', 'D:\\a'],
    ['\\a', 'D:\\a'],
    ['E:a', 'E:\\other\\a'],
    ['F:a', 'F:\\a'],
    ['d:a', 'd:\\cur\\dir\\a'],
    ['C:\\a\\.\\b\\..\\c\\', 'C:\\a\\c\\'],
    ['C:/a//b', 'C:\\a\\b'],
    ['C:\\a.\\b. .', 'C:\\a\\b'],
    ['C:\\a\\..', 'C:\\'],
    ['C:\\..', 'C:\\'],
    ['C:\\', 'C:\\'],
    ['nul', '\\\\.\\nul'],
    ['C:\\x\\con.txt', '\\\\.\\con'],
    ['\\\\server\\share\\..\\x', '\\\\server\\share\\x'],
    ['\\\\.\\C:\\a\\..\\b', '\\\\.\\C:\\b'],
    ['.', 'D:\\cur\\dir'],
    ['a*?', 'D:\\cur\\dir\\a*?'],
  ])('%s is %s', (path, expected) => expect(full(path)).toBe(expected));
  it('valid names have no separator, stream, control character, or dot or space at the end', () => {
    for (const name of ['a', 'a b', '.a', 'ä', 'a.b.c', 'console'])
      expect(isValidName(name), name).toBe(true);
    for (const name of [
      '',
      '.',
      '..',
      'a/b',
      'a\\b',
      'a:b',
      'a\u0001',
      'a.',
      'a ',
      'nul',
      'NUL.x',
      'COM9',
      '\ud800',
    ])
      expect(isValidName(name), name).toBe(false);
  });
});

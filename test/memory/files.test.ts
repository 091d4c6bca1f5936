import { describe, expect, test } from 'vitest';
import {
  MEM_COMMIT,
  MEM_RESERVE,
  MEM_RESET,
  PAGE_EXECUTE_READ,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  READ,
  SEC_COMMIT,
  WRITE,
} from '../../src/memory/constants.ts';
import type { FileCache } from '../../src/memory/file-cache.ts';
import { GuestMemory } from '../../src/memory/guest-memory.ts';
import { Section } from '../../src/memory/section.ts';
import * as status from '../../src/memory/status.ts';
import type { MemorySystem } from '../../src/memory/system.ts';
import { bench, query, TestFile } from './support.ts';

const A = 0x1000000;
const B = 0x2000000;

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 12)) & 0xff);
}
function sectionOf(system: MemorySystem, cache: FileCache, protect: number, size = 0): Section {
  const { status: code, section } = Section.file(system, cache, size, protect, SEC_COMMIT);
  if (section === undefined) throw new Error(code.toString(16));
  return section;
}

describe('file-backed sections', () => {
  test('show the file, and what is written reaches it at a flush, without a commit charge', () => {
    const { system, space, memory } = bench();
    const file = new TestFile(pattern(0x5123));
    const cache = system.files.open(file);
    const section = sectionOf(system, cache, PAGE_READWRITE);
    expect(section.size).toBe(0x5123);
    expect(space.mapView(section, { base: A, protect: PAGE_READWRITE })).toBe(0);
    expect(space.resultSize).toBe(0x6000);
    expect(Buffer.compare(memory.bytes(A, 0x5123), pattern(0x5123))).toBe(0);
    memory.setU32(A + 0x2000, 0x11223344);
    memory.setU8(A + 0x5122, 0xaa);
    expect(Buffer.compare(file.content, pattern(0x5123))).toBe(0);
    expect(space.flushView(A + 0x2000, 1)).toBe(0);
    expect(file.content[0x2000]).toBe(0x44);
    expect(file.content[0x5122]).not.toBe(0xaa);
    expect(space.flushView(A, 0)).toBe(0);
    expect(file.content[0x5122]).toBe(0xaa);
    expect(file.content.length).toBe(0x5123);
    expect(system.commitCharge).toBe(0);
    system.validate();
  });

  test('after a flush a page must be written anew to be dirty, and listeners are told', () => {
    const { system, space, memory } = bench();
    const file = new TestFile(pattern(0x2000));
    const cache = system.files.open(file);
    space.mapView(sectionOf(system, cache, PAGE_READWRITE), { base: A, protect: PAGE_READWRITE });
    const heard: number[] = [];
    space.onTranslationChange = (_, first, count) => heard.push(first, count);
    const at = space.probe(A, WRITE);
    system.ram.bytes[at] = 1;
    cache.flush();
    expect(heard).toEqual([A / 0x1000, 1]);
    expect(file.content[0]).toBe(1);
    expect(cache.pages.dirty.size).toBe(0);
    expect(space.probe(A, READ)).toBe(at);
    expect(cache.pages.dirty.size).toBe(0);
    space.probe(A, WRITE);
    expect(cache.pages.dirty.size).toBe(1);
    memory.setU8(A + 1, 9);
    space.unmapView(A);
    expect(file.content[1]).toBe(9);
    system.validate();
  });

  test('all views, ReadFile and WriteFile see the same bytes at once', () => {
    const { system, space, memory } = bench();
    const file = new TestFile(pattern(0x30000));
    const one = system.files.open(file);
    const two = system.files.open(new TestFile(0, 'test'));
    expect(two).toBe(one);
    const section = sectionOf(system, one, PAGE_READWRITE);
    const again = sectionOf(system, two, PAGE_READWRITE);
    const other = system.createSpace();
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    other.mapView(again, { base: B, offset: 0x10000, protect: PAGE_READWRITE });
    const theirs = new GuestMemory(other);
    memory.setU32(A + 0x10000, 0xabcdef);
    expect(theirs.u32(B)).toBe(0xabcdef);
    const into = new Uint8Array(4);
    expect(one.read(0x10000, into)).toBe(0);
    expect([...into]).toEqual([0xef, 0xcd, 0xab, 0]);
    expect(two.write(0x10ffe, new Uint8Array([1, 2, 3, 4]))).toBe(0);
    expect([memory.u8(A + 0x10ffe), theirs.u8(B + 0x1001)]).toEqual([1, 4]);
    expect(file.content[0x11001]).toBe(4);
    system.validate();
  });

  test('past the end of the file the last page is zero, and what is stored there never reaches the file', () => {
    const { system, space, memory } = bench();
    const file = new TestFile(pattern(0x1234));
    const cache = system.files.open(file);
    space.mapView(sectionOf(system, cache, PAGE_READWRITE), { base: A, protect: PAGE_READWRITE });
    expect(memory.bytes(A + 0x1234, 0xdcc).every((b) => b === 0)).toBe(true);
    memory.fill(A + 0x1200, 0xff, 0xe00);
    space.flushView(A, 0);
    expect(file.content.length).toBe(0x1234);
    cache.setSize(0x2000);
    expect(memory.u8(A + 0x1234)).toBe(0);
    expect(memory.u8(A + 0x1233)).toBe(0xff);
    expect(file.content[0x1234]).toBe(0);
    system.validate();
  });

  test('grow the file if they are writable and larger, and are refused otherwise', () => {
    const { system } = bench();
    const file = new TestFile(pattern(0x1000));
    const cache = system.files.open(file);
    const make = (size: number, protect: number) => Section.file(system, cache, size, protect, SEC_COMMIT);
    expect(make(0x1001, PAGE_READONLY).status).toBe(status.STATUS_SECTION_TOO_BIG);
    expect(make(0x1001, PAGE_WRITECOPY).status).toBe(status.STATUS_SECTION_TOO_BIG);
    expect(make(0x2345, PAGE_READWRITE).section!.size).toBe(0x2345);
    expect(file.content.length).toBe(0x2345);
    file.limit = 0x3000;
    expect(make(0x3001, PAGE_READWRITE).status).toBe(status.STATUS_DISK_FULL);
    expect(cache.size).toBe(0x2345);
    expect(make(0x10, PAGE_READONLY).section!.size).toBe(0x10);
    const empty = system.files.open(new TestFile(0, 'empty'));
    expect(Section.file(system, empty, 0, PAGE_READWRITE, SEC_COMMIT).status).toBe(
      status.STATUS_MAPPED_FILE_SIZE_ZERO,
    );
    const readOnly = system.files.open(new TestFile(9, 'read only', false));
    expect(Section.file(system, readOnly, 0, PAGE_READWRITE, SEC_COMMIT).status).toBe(
      status.STATUS_ACCESS_DENIED,
    );
    expect(Section.file(system, readOnly, 0, PAGE_EXECUTE_READ, SEC_COMMIT).status).toBe(0);
  });

  test('copy-on-write views leave the file alone and are charged', () => {
    const { system, space, memory } = bench();
    const file = new TestFile(pattern(0x3000));
    const cache = system.files.open(file);
    space.mapView(sectionOf(system, cache, PAGE_READONLY), { base: A, protect: PAGE_WRITECOPY });
    expect(system.commitCharge).toBe(3);
    memory.setU8(A, 0x99);
    expect(cache.pages.dirty.size).toBe(0);
    cache.write(1, new Uint8Array([5]));
    cache.write(0x1000, new Uint8Array([6]));
    expect([memory.u8(A + 1), memory.u8(A + 0x1000)]).toEqual([7, 6]);
    expect(space.flushView(A, 0)).toBe(0);
    expect(file.content[0]).toBe(0);
    expect(space.allocate(A, 0x1000, MEM_RESET, PAGE_READWRITE)).toBe(0);
    system.validate();
  });

  test('live until the last of handle, view and file is gone, in any order', () => {
    for (const order of ['fsv', 'fvs', 'sfv', 'svf', 'vfs', 'vsf']) {
      const { system, space, memory } = bench();
      const file = new TestFile(pattern(0x2000));
      const cache = system.files.open(file);
      const section = sectionOf(system, cache, PAGE_READWRITE);
      space.mapView(section, { base: A, protect: PAGE_READWRITE });
      memory.setU8(A, 0x77);
      for (const step of order) {
        expect(file.closed, order).toBe(0);
        if (step !== 'v' && query(space, A).allocationBase === A) memory.setU8(A + 1, 0x78);
        if (step === 'f') cache.release();
        else if (step === 's') section.release();
        else space.unmapView(A);
        system.validate();
      }
      expect([file.closed, file.content[0], system.frames.inUse], order).toEqual([1, 0x77, 0]);
    }
  });

  test('the end of the machine writes and closes files that are still mapped', () => {
    const { system, space, memory } = bench();
    const file = new TestFile(pattern(0x5000));
    const cache = system.files.open(file);
    const section = sectionOf(system, cache, PAGE_READWRITE);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    space.mapView(section, { base: B, protect: PAGE_READWRITE });
    memory.setU8(A, 0x77);
    memory.setU8(B + 0x4fff, 0x78);
    system.files.closeAll();
    expect([file.closed, file.content[0], file.content[0x4fff]]).toEqual([1, 0x77, 0x78]);
    // Handles that are closed after that find nothing left to do.
    cache.release();
    space.destroy();
    section.release();
    expect(file.closed).toBe(1);
    expect(system.files.open(new TestFile(pattern(0x1000)))).not.toBe(cache);
  });

  test('flushing has its rules', () => {
    const { system, space, memory } = bench();
    const file = new TestFile(pattern(0x3000));
    const cache = system.files.open(file);
    space.mapView(sectionOf(system, cache, PAGE_READWRITE), { base: A, protect: PAGE_READWRITE });
    space.allocate(B, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    expect(space.flushView(B, 0)).toBe(status.STATUS_NOT_MAPPED_VIEW);
    expect(space.flushView(A + 0x3000, 0)).toBe(status.STATUS_NOT_MAPPED_VIEW);
    expect(space.flushView(A, 0x3001)).toBe(status.STATUS_INVALID_PARAMETER_2);
    memory.setU8(A, 1);
    file.broken = 'ENOSPC';
    expect(space.flushView(A, 0)).toBe(status.STATUS_DISK_FULL);
    expect(cache.pages.dirty.size).toBe(1);
    file.broken = undefined;
    expect(system.files.flushAll()).toBe(0);
    expect(file.content[0]).toBe(1);
    system.validate();
  });

  test('a page that cannot be read is an in-page error with the reason', () => {
    const { system, space } = bench();
    const file = new TestFile(pattern(0x3000));
    const cache = system.files.open(file);
    space.mapView(sectionOf(system, cache, PAGE_READWRITE), { base: A, protect: PAGE_READWRITE });
    file.broken = 'EIO';
    expect(space.probe(A + 0x1010, WRITE)).toBe(0);
    expect([space.faultStatus, space.faultAccess, space.faultAddress, space.faultDetail]).toEqual([
      status.STATUS_IN_PAGE_ERROR,
      WRITE,
      A + 0x1010,
      status.STATUS_UNEXPECTED_IO_ERROR,
    ]);
    file.broken = undefined;
    file.truncate(0x800);
    expect(space.probe(A + 0x2000, READ)).toBe(0);
    expect(space.faultDetail).toBe(status.STATUS_END_OF_FILE);
    expect(space.probe(A, READ)).not.toBe(0);
    system.validate();
  });
});

describe('the file cache', () => {
  test('reads pieces of any size and place, and stops at the end', () => {
    const { system } = bench();
    const content = pattern(0x45678);
    const cache = system.files.open(new TestFile(content.slice()));
    for (const [position, length] of [
      [0, 1],
      [0xfff, 2],
      [0x1800, 0x3000],
      [0x1000, 0x40000],
      [0x45000, 0x1000],
      [0x3ffff, 0x20000],
    ] as const) {
      const into = new Uint8Array(length);
      expect(cache.read(position, into)).toBe(0);
      expect(cache.transferred).toBe(Math.min(length, content.length - position));
      expect(
        Buffer.compare(into.subarray(0, cache.transferred), content.subarray(position, position + length)),
      ).toBe(0);
      system.validate();
    }
    expect(cache.read(0x45678, new Uint8Array(1))).toBe(status.STATUS_END_OF_FILE);
    expect(cache.transferred).toBe(0);
    expect(cache.read(0x45678, new Uint8Array(0))).toBe(0);
  });

  test('reads what views changed, also in the middle of a long read', () => {
    const { system, space, memory } = bench();
    const cache = system.files.open(new TestFile(pattern(0x80000)));
    space.mapView(sectionOf(system, cache, PAGE_READWRITE), { base: A, protect: PAGE_READWRITE });
    memory.setU8(A + 0x44444, 0xfe);
    const into = new Uint8Array(0x80000);
    cache.read(0, into);
    const expected = pattern(0x80000);
    expected[0x44444] = 0xfe;
    expect(Buffer.compare(into, expected)).toBe(0);
  });

  test('a file cannot shrink below a section of it, and shrinks otherwise', () => {
    const { system } = bench();
    const file = new TestFile(pattern(0x3000));
    const cache = system.files.open(file);
    const section = sectionOf(system, cache, PAGE_READONLY, 0x2000);
    cache.read(0, new Uint8Array(0x3000));
    expect(cache.setSize(0x1fff)).toBe(status.STATUS_USER_MAPPED_FILE);
    expect(cache.setSize(0x2001)).toBe(0);
    section.release();
    expect(cache.setSize(0x10)).toBe(0);
    expect(file.content.length).toBe(0x10);
    expect(cache.setSize(0x3000)).toBe(0);
    const into = new Uint8Array(0x3000);
    cache.read(0, into);
    expect(into.subarray(0x10).every((b) => b === 0)).toBe(true);
    expect(into.subarray(0, 0x10)).toEqual(pattern(0x10));
    system.validate();
  });

  test('writes past the end grow the file with zeros between', () => {
    const { system } = bench();
    const file = new TestFile(pattern(0x10));
    const cache = system.files.open(file);
    cache.read(0, new Uint8Array(0x10));
    expect(cache.write(0x2005, new Uint8Array([1, 2]))).toBe(0);
    expect(cache.size).toBe(0x2007);
    const into = new Uint8Array(0x2007);
    cache.read(0, into);
    expect(into.subarray(0x10, 0x2005).every((b) => b === 0)).toBe(true);
    expect([into[0x2005], into[0x2006]]).toEqual([1, 2]);
    expect(cache.write(2 ** 50, new Uint8Array(1))).toBe(status.STATUS_DISK_FULL);
    system.validate();
  });

  test('of two openings keeps the writable one and closes the other', () => {
    const { system } = bench();
    const reader = new TestFile(8, 'same', false);
    const writer = new TestFile(8, 'same');
    const cache = system.files.open(reader);
    expect(cache.write(0, new Uint8Array(1))).toBe(status.STATUS_ACCESS_DENIED);
    expect(system.files.open(writer)).toBe(cache);
    expect([reader.closed, writer.closed, cache.writable]).toEqual([1, 0, true]);
    const late = new TestFile(8, 'same');
    system.files.open(late);
    expect([writer.closed, late.closed]).toEqual([0, 1]);
    for (let i = 0; i < 3; i++) cache.release();
    expect(writer.closed).toBe(1);
  });

  test('gives its frames to those who need them: clean ones at once, dirty ones once they are written', () => {
    const { system, space, memory } = bench(8);
    const file = new TestFile(pattern(0x8000));
    const cache = system.files.open(file);
    for (let page = 0; page < 8; page++) cache.read(page * 0x1000, new Uint8Array(1));
    expect([system.frames.standbyCount, system.frames.available]).toEqual([8, 8]);
    space.mapView(sectionOf(system, cache, PAGE_READWRITE), { base: A, protect: PAGE_READWRITE });
    memory.setU8(A + 0x3000, 0xcc);
    space.allocate(B, 0x7000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    memory.fill(B, 1, 0x7000);
    expect(system.frames.standbyCount).toBe(0);
    expect(memory.u8(A + 0x3000)).toBe(0xcc);
    system.validate();
    // The last frame is mapped: a page of the file cannot come in, but can be read past the cache.
    expect(space.probe(A, READ)).toBe(0);
    expect([space.faultStatus, space.faultDetail]).toEqual([
      status.STATUS_IN_PAGE_ERROR,
      status.STATUS_INSUFFICIENT_RESOURCES,
    ]);
    const into = new Uint8Array(2);
    expect(cache.read(0x1000, into)).toBe(0);
    expect([...into]).toEqual([...pattern(0x1002).subarray(0x1000)]);
    system.validate();
  });

  test('dirty pages that nobody maps are written before their frames are taken', () => {
    const { system, space, memory } = bench(8);
    const file = new TestFile(pattern(0x4000));
    const cache = system.files.open(file);
    const section = sectionOf(system, cache, PAGE_READWRITE);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    memory.setU8(A, 0xdd);
    space.unlock(A, 0x4000);
    expect(system.frames.modifiedCount).toBe(1);
    space.allocate(B, 0x8000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    memory.fill(B, 1, 0x8000);
    expect(file.content[0]).toBe(0xdd);
    system.validate();
  });
});

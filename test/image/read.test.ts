import { describe, expect, it } from 'vitest';
import { symbolText } from '../../src/image/import-table.ts';
import { readImage } from '../../src/image/pe.ts';
import { isRefusal } from '../../src/image/refusal.ts';
import { ascii, fixture, mustRead, optionalHeader, patched } from './fixtures.ts';

// The numbers here are what `x86_64-w64-mingw32-objdump -p` and `nm` print for the fixtures.
describe('a program made by mingw', () => {
  const image = mustRead(fixture('user.exe'), 'program');

  it('has the headers that objdump shows', () => {
    expect(image.headers).toMatchObject({
      entryPoint: 0x14d0,
      base: 0x1_4000_0000,
      sectionAlignment: 0x1000,
      fileAlignment: 0x200,
      size: 0xc000,
      headerSize: 0x400,
      subsystem: 3,
      dllCharacteristics: 0x160,
      stackReserve: 0x20_0000,
      stackCommit: 0x1000,
      heapReserve: 0x10_0000,
      heapCommit: 0x1000,
      subsystemVersion: { major: 5, minor: 2 },
    });
    expect([image.isDll, image.isLargeAddressAware, image.isMovable]).toEqual([false, true, true]);
  });

  it('has the sections that objdump shows', () => {
    const lines = image.sections.map(
      ({ name, address, size }) => `${name} ${address.toString(16)} ${size.toString(16)}`,
    );
    expect(lines).toEqual([
      '.text 1000 17f8',
      '.data 3000 a0',
      '.rdata 4000 8b0',
      '.pdata 5000 234',
      '.xdata 6000 1a0',
      '.bss 7000 1a0',
      '.idata 8000 5d4',
      '.CRT 9000 68',
      '.tls a000 a8',
      '.reloc b000 84',
    ]);
    expect(image.sectionAt(0x7010)).toMatchObject({ name: '.bss', dataSize: 0 });
    expect(image.sectionAt(0x71a0)).toBeUndefined();
  });

  it('imports by name and by ordinal', () => {
    expect(image.imports.map(({ dll }) => dll)).toEqual(['KERNEL32.dll', 'msvcrt.dll', 'probe.dll']);
    expect(image.imports[2].symbols.map(symbolText)).toEqual(['by_name', '#12', 'shared_value']);
    const slots = image.imports[2].symbols.map((symbol) => symbol.slot);
    expect(slots).toEqual([slots[0], slots[0] + 8, slots[0] + 16]);
    expect(image.sectionAt(slots[0])?.name).toBe('.idata');
  });

  it('has a TLS directory with a template and callbacks', () => {
    expect(image.tls).toMatchObject({
      template: 0xa000,
      templateSize: 0xa0,
      zeroFill: 0,
      index: 0x709c,
      callbackArray: 0x9038,
      alignment: 16,
    });
    expect(image.tls?.callbacks.map((address) => image.symbols.nearest(address)?.name)).toEqual([
      'on_thread',
      '__dyn_tls_init',
      '__dyn_tls_dtor',
    ]);
  });

  it('names the functions that the linker left names for', () => {
    expect(image.symbols.nearest(0x153c)).toEqual({ name: 'add_up', address: 0x1538, offset: 4 });
    expect(image.symbols.find('main')).toBe(0x1575);
    expect(image.symbols.find('per_thread')).toBe(0xa084);
    expect(image.symbols.nearest(0x100)).toBeUndefined();
  });

  it('finds the unwind data of a function by any address in it', () => {
    const { functions } = image;
    expect(functions.count).toBe(0x234 / 12);
    const entry = functions.find(0x1540);
    expect(entry).toMatchObject({ begin: 0x1538 });
    expect(functions.find(entry!.end - 1)).toEqual(entry);
    expect(functions.find(entry!.end)?.begin).not.toBe(entry!.begin);
    expect(functions.find(0x3000)).toBeUndefined();
  });

  it('has the relocations that objdump shows', () => {
    const relocations = image.relocations;
    if (isRefusal(relocations)) throw new Error(relocations.refusal);
    expect(relocations.count).toBe(1 + 7 + 33 + 5);
    expect([relocations.address(0), relocations.width(0)]).toEqual([0x27d8, 8]);
    expect(relocations.address(relocations.firstFrom(0x9001))).toBe(0x9008);
    expect(relocations.firstFrom(0xa000)).toBe(relocations.count);
  });
});

describe('a DLL made by mingw', () => {
  const image = mustRead(fixture('probe.dll'));

  it('exports names, ordinals, data and forwarders', () => {
    const { exports } = image;
    expect([exports.ordinalBase, exports.functionCount, exports.nameCount]).toEqual([12, 9, 7]);
    expect(exports.resolve('by_name')).toEqual({ address: 0x1006 });
    expect(exports.resolve('alias_of_name')).toEqual({ address: 0x1006 });
    expect(exports.resolve('ForwardByName')).toEqual({ forwarder: 'KERNEL32.HeapAlloc' });
    expect(exports.resolve('shared_value')).toEqual({ address: 0x2008 });
    expect(exports.resolve(12)).toEqual({ address: 0x1018 });
    expect(exports.resolve(20)).toEqual({ address: 0x1006 });
  });

  it('has no export for other names and ordinals', () => {
    const absent = ['By_name', 'by_nam', 'by_name2', '', 'zzz', 'AAA', 11, 19, 21, -1, 12.5, Number.NaN];
    for (const symbol of absent) expect(image.exports.resolve(symbol), String(symbol)).toBeUndefined();
  });

  it('lists its exports in order of ordinal', () => {
    const lines = image.exports.list().map(({ name, ordinal }) => `${ordinal} ${name}`);
    expect(lines).toEqual([
      '12 undefined',
      '13 ForwardByName',
      '14 ForwardToNowhere',
      '15 by_name',
      '16 later',
      '17 pointer_to_value',
      '18 shared_value',
      '20 alias_of_name',
    ]);
  });

  it('has no linker symbols when stripped', () => {
    expect(image.symbols.count).toBe(0);
  });
});

describe('the delay-load directory', () => {
  it('is read like the import table', () => {
    const file = fixture('user.exe');
    const image = mustRead(file);
    const [dll] = image.imports.slice(2);
    // A descriptor over the lookup table and slots of probe.dll, put into the zeros behind .reloc's data.
    const at = 0xb084;
    const importTable = 0x8000 + 2 * 20;
    const view = new DataView(file.buffer);
    const offset = 0x3800 + 0x84;
    view.setUint32(offset, 1, true);
    view.setUint32(offset + 4, image.bytes.u32(importTable + 12), true);
    view.setUint32(offset + 12, image.bytes.u32(importTable + 16), true);
    view.setUint32(offset + 16, image.bytes.u32(importTable), true);
    patched(file, 112 + 13 * 8, at);
    expect(mustRead(file).readDelayedImports()).toEqual([dll]);
    patched(file, 112 + 13 * 8, 0x7fff_0000);
    expect(mustRead(file).readDelayedImports()).toMatchObject({ kind: 'damaged' });
  });
});

describe('files that are refused', () => {
  const exe = () => fixture('user.exe');
  const coffMachine = (file: Uint8Array, machine: number) => patched(file, -20, machine, 16);
  const signature = (text: string) => {
    const file = exe();
    file.set(ascii(text), optionalHeader(file) - 24);
    return file;
  };
  const dotnet = patched(patched(exe(), 112 + 14 * 8, 0x2000), 112 + 14 * 8 + 4, 72);
  const dos = exe().slice(0, 0x80);
  dos[0x18] = 0x1c;

  it.each([
    ['an empty file', new Uint8Array(), 'empty', /empty/],
    ['a text', ascii('int main(void)\r\n{ return 0; }\n'), 'foreign', /^text file/],
    ['a text that begins with M', ascii('M'), 'foreign', /^text file/],
    ['a script', ascii('#!/bin/sh\nexit 0\n'), 'foreign', /^script/],
    ['a Linux program', ascii('\x7fELF\x02\x01\x01'), 'foreign', /Linux/],
    ['bytes', Uint8Array.of(1, 2, 3, 4), 'foreign', /does not begin with "MZ"/],
    ['two letters', ascii('MZ'), 'truncated', /^truncated/],
    ['a file cut in its DOS header', exe().slice(0, 0x80), 'truncated', /header should be at 0x80/],
    ['a file cut in its headers', exe().slice(0, 0x100), 'truncated', /^truncated/],
    ['a file cut in its section table', exe().slice(0, 0x200), 'truncated', /within its headers/],
    ['a file cut in a section', exe().slice(0, 0x2000), 'truncated', /data of section ".rdata"/],
    ['an MS-DOS program', dos, 'dos', /MS-DOS/],
    ['a 16-bit Windows program', signature('NE'), 'win16', /16-bit/],
    ['a virtual device driver', signature('LE'), 'win16', /driver/],
    ['MZ with something else', signature('XX'), 'foreign', /no "PE"/],
    ['a 32-bit program', coffMachine(patched(exe(), 0, 0x10b, 16), 0x14c), 'machine', /32-bit x86/],
    ['an ARM64 program', coffMachine(exe(), 0xaa64), 'machine', /ARM64/],
    ['an ARM program', coffMachine(patched(exe(), 0, 0x10b, 16), 0x1c4), 'machine', /32-bit ARM/],
    ['another machine', coffMachine(exe(), 0x1234), 'machine', /0x1234/],
    ['a DLL', fixture('probe.dll'), 'library', /DLL, not a program/],
    ['an object file', fixture('object.o'), 'object', /object file/],
    ['a library archive', ascii('!<arch>\n/               0'), 'object', /archive/],
    ['a .NET program', dotnet, 'dotnet', /\.NET/],
    ['an incomplete link', patched(exe(), -2, 0x20, 16), 'object', /incomplete/],
    ['a driver', patched(exe(), 68, 1, 16), 'subsystem', /driver/],
    ['an EFI application', patched(exe(), 68, 10, 16), 'subsystem', /EFI/],
    ['an unknown subsystem', patched(exe(), 68, 77, 16), 'damaged', /subsystem 77/],
    ['a 32-bit optional header', patched(exe(), 0, 0x10b, 16), 'damaged', /0x10b/],
    ['no entry point', patched(exe(), 16, 0), 'damaged', /no entry point/],
    ['an entry point outside', patched(exe(), 16, 0x10_0000), 'damaged', /entry point/],
    ['a base that is not aligned', patched(exe(), 24, 0x1234), 'damaged', /64 KiB/],
    ['a section alignment of 0', patched(exe(), 32, 0), 'damaged', /alignment/],
    ['a section alignment that is no power of two', patched(exe(), 32, 0x3000), 'damaged', /alignment/],
    ['a file alignment beyond the section alignment', patched(exe(), 36, 0x2000), 'damaged', /alignment/],
    ['a file alignment of 16', patched(exe(), 36, 16), 'damaged', /fit each other/],
    ['an image of no bytes', patched(exe(), 56, 0), 'damaged', /size in memory/],
    ['an image of 4 GiB', patched(exe(), 56, 0xffff_f000), 'damaged', /size in memory/],
    ['an image too small for its sections', patched(exe(), 56, 0x9000), 'damaged', /section ".CRT" ends/],
    ['headers that are said to be short', patched(exe(), 60, 0x100), 'damaged', /headers end/],
    ['65535 sections', patched(exe(), -18, 0xffff, 16), 'truncated', /within its headers/],
    ['more data directories than fit', patched(exe(), -4, 0x80, 16), 'damaged', /no room for 16/],
    [
      'sections that are not adjacent',
      patched(exe(), 240 + 40 + 12, 0x2000),
      'damaged',
      /section ".data" is at 0x2000/,
    ],
    [
      'a gap between sections',
      patched(patched(exe(), 56, 0xd000), 240 + 40 * 9 + 12, 0xc000),
      'damaged',
      /".reloc" is at 0xc000, not at 0xb000/,
    ],
    ['section data that is not aligned', patched(exe(), 240 + 40 + 20, 0x1c10), 'damaged', /not aligned/],
    ['an import table outside', patched(exe(), 120, 0xffff_0000), 'damaged', /import table/],
    ['an import table without names', patched(exe(), 120, 0x4020), 'damaged', /import/],
    ['a TLS directory outside', patched(exe(), 112 + 9 * 8, 0xbff0), 'damaged', /TLS directory/],
    ['a TLS directory of other data', patched(exe(), 112 + 9 * 8, 0x1000), 'damaged', /TLS template/],
  ])('%s', (_, file, kind, sentence) => {
    const result = readImage(file);
    expect(result).toMatchObject({ kind });
    expect(result.refusal).toMatch(sentence);
    expect(result.refusal).not.toMatch(/\n|\.$|NaN|undefined/);
  });

  it('a DLL is not refused where one is wanted', () => {
    expect(readImage(fixture('probe.dll'), 'library').image?.isDll).toBe(true);
  });
});

describe('broken tables that the loader does not rely on', () => {
  it('an export table outside the image resolves nothing and says why', () => {
    const { exports } = mustRead(patched(fixture('probe.dll'), 112, 0x8ff0));
    expect(exports.damage).toMatch(/leaves the image/);
    expect(exports.resolve('by_name')).toBeUndefined();
    expect(exports.list()).toEqual([]);
  });

  it('an exception table outside the image finds nothing', () => {
    const { functions } = mustRead(patched(fixture('probe.dll'), 112 + 3 * 8 + 4, 0xffff_fff0));
    expect(functions.count).toBe(0);
    expect(functions.find(0x1006)).toBeUndefined();
  });

  it('a symbol table outside the file names nothing', () => {
    expect(mustRead(patched(fixture('user.exe'), -12, 0xffff_ff00)).symbols.nearest(0x1540)).toBeUndefined();
  });

  it('a symbol table cut short names what is left', () => {
    const file = fixture('user.exe');
    const { symbolTable } = mustRead(file).headers;
    const { symbols } = mustRead(file.slice(0, symbolTable + 100 * 18));
    expect(symbols.count).toBeGreaterThan(0);
    expect(symbols.count).toBeLessThan(100);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Oracle } from './decode-oracle.ts';

/** Debian's mingw runtime; WINMEM_DECODER_CORPUS names other PE files, with `:` between. */
const DEBIAN_FILES = [
  '/usr/lib/gcc/x86_64-w64-mingw32/12-posix/libstdc++-6.dll',
  '/usr/lib/gcc/x86_64-w64-mingw32/12-win32/libgcc_s_seh-1.dll',
  '/usr/x86_64-w64-mingw32/lib/libwinpthread-1.dll',
];
const FILES = (process.env.WINMEM_DECODER_CORPUS?.split(':') ?? DEBIAN_FILES).filter((file) =>
  existsSync(file),
);

/** The bytes of a PE file's .text section, which is always the first in mingw's files. */
function codeOf(file: string): Uint8Array {
  const bytes = readFileSync(file);
  const header = bytes.readUInt32LE(0x3c);
  const section = header + 24 + bytes.readUInt16LE(header + 20);
  expect(bytes.toString('latin1', section, section + 5)).toBe('.text');
  const virtualSize = bytes.readUInt32LE(section + 8);
  const fileSize = bytes.readUInt32LE(section + 16);
  const start = bytes.readUInt32LE(section + 20);
  return bytes.subarray(start, start + Math.min(virtualSize, fileSize));
}

describe.skipIf(FILES.length === 0)('a linear sweep agrees with iced-x86 over', () => {
  test.each(FILES)('%s', { timeout: 60_000 }, (file) => {
    const code = codeOf(file);
    const oracle = new Oracle(code);
    const found: string[] = [];
    let count = 0;
    for (let offset = 0; offset < code.length && found.length < 10; offset += Math.max(1, oracle.length)) {
      const sentence = oracle.disagreement(offset);
      if (sentence !== undefined) found.push(sentence);
      count++;
    }
    expect(found).toEqual([]);
    expect(count).toBeGreaterThan(code.length / 8);
  });
});

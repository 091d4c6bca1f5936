import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { winmem } from './programs.ts';

/** The exit codes that mean that winmem itself has failed. */
const HOST_FAILURES = [null, 70, 124, 125, 126, 127];

/** Runs a forged program: the guest has to end, soon and not well, and the host must not. */
export function expectGuestToEnd(bytes: Buffer, cwd: string): void {
  const forged = join(cwd, 'forged.exe');
  writeFileSync(forged, bytes);
  const started = performance.now();
  const ran = winmem(['run', forged], cwd);
  expect(HOST_FAILURES).not.toContain(ran.status);
  expect(ran.stderr).not.toMatch(/^\s+at .*\.(ts|js|cjs):/m);
  expect(ran.status).not.toBe(0);
  expect(performance.now() - started).toBeLessThan(30_000);
}

/** Files are laid out so that an RVA is this much more than the place in the file, when both are of one section. */
export function distanceOf(image: Buffer, place: number): number {
  const section = sectionsOf(image).find(({ begin, size }) => place >= begin && place < begin + size);
  if (!section) throw new RangeError('a place outside of the sections');
  return section.rva - section.begin;
}

/** The place in the file of an RVA. */
export function placeOf(image: Buffer, rva: number): number {
  const section = sectionsOf(image).find((one) => rva >= one.rva && rva < one.rva + one.size);
  if (!section) throw new RangeError('an RVA outside of the sections');
  return rva - section.rva + section.begin;
}

function sectionsOf(image: Buffer): { begin: number; size: number; rva: number }[] {
  const headers = image.readUInt32LE(0x3c);
  const table = headers + 24 + image.readUInt16LE(headers + 20);
  return Array.from({ length: image.readUInt16LE(headers + 6) }, (_, i) => {
    const at = table + i * 40;
    return {
      begin: image.readUInt32LE(at + 20),
      size: image.readUInt32LE(at + 16),
      rva: image.readUInt32LE(at + 12),
    };
  });
}

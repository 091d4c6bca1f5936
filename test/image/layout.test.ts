import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildDll } from '../../src/image/builder.ts';
import { layOut } from '../../src/image/layout.ts';
import type { PeImage } from '../../src/image/pe.ts';
import { isRefusal } from '../../src/image/refusal.ts';
import {
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
} from '../../src/memory/constants.ts';
import type { ImageLayout } from '../../src/memory/section.ts';
import { fixture, mustRead, patched } from './fixtures.ts';

function mustLayOut(image: PeImage, base?: number): ImageLayout {
  const layout = layOut(image, 'test.exe', base);
  if (isRefusal(layout)) throw new Error(layout.refusal);
  return layout;
}

/** The whole image in memory, page by page. The pages hold other bytes before, as frames do. */
function memoryOf(layout: ImageLayout): DataView {
  const memory = new Uint8Array(layout.size).fill(0xee);
  for (let page = 0; page < layout.size / 4096; page++) {
    expect(layout.fill(page, memory.subarray(page * 4096, page * 4096 + 4096))).toBe(0);
  }
  return new DataView(memory.buffer);
}

describe('the layout of an image', () => {
  const file = fixture('user.exe');
  const image = mustRead(file);

  it('has runs of pages with the protection of their sections', () => {
    const layout = mustLayOut(image);
    expect(layout.size).toBe(0xc000);
    expect(layout.runs).toEqual([
      { firstPage: 0, pageCount: 1, protect: PAGE_READONLY },
      { firstPage: 1, pageCount: 2, protect: PAGE_EXECUTE_READ },
      { firstPage: 3, pageCount: 1, protect: PAGE_WRITECOPY },
      { firstPage: 4, pageCount: 3, protect: PAGE_READONLY },
      { firstPage: 7, pageCount: 4, protect: PAGE_WRITECOPY },
      { firstPage: 11, pageCount: 1, protect: PAGE_READONLY },
    ]);
  });

  it('has the bytes of the file at its preferred base, and zeros behind them', () => {
    const memory = new Uint8Array(memoryOf(mustLayOut(image)).buffer);
    expect(memory.subarray(0, 0x400)).toEqual(file.subarray(0, 0x400));
    expect(memory.subarray(0x400, 0x1000).every((byte) => byte === 0)).toBe(true);
    expect(memory.subarray(0x1000, 0x27f8)).toEqual(file.subarray(0x400, 0x1bf8));
    expect(memory.subarray(0x7000, 0x8000).every((byte) => byte === 0)).toBe(true);
  });

  it('differs at another base only in its relocations and the base in its header', () => {
    const base = 0x7ff6_1234_0000;
    const original = memoryOf(mustLayOut(image));
    const moved = memoryOf(mustLayOut(image, base));
    const { relocations } = image;
    if (isRefusal(relocations)) throw new Error(relocations.refusal);
    const delta = BigInt(base) - 0x1_4000_0000n;
    for (let i = 0; i < relocations.count; i++) {
      const at = relocations.address(i);
      expect(moved.getBigUint64(at, true)).toBe(original.getBigUint64(at, true) + delta);
      moved.setBigUint64(at, original.getBigUint64(at, true), true);
    }
    const baseField = image.headers.optionalHeader + 24;
    expect(moved.getBigUint64(baseField, true)).toBe(BigInt(base));
    moved.setBigUint64(baseField, 0x1_4000_0000n, true);
    expect(moved).toEqual(original);
  });

  it('is refused at another base without relocations', () => {
    const fixed = mustRead(patched(fixture('user.exe'), -2, 0x27, 16));
    expect(layOut(fixed, 'a.exe', 0x1_5000_0000)).toMatchObject({
      refusal: expect.stringMatching(/cannot be moved/),
    });
    expect(isRefusal(layOut(fixed, 'a.exe'))).toBe(false);
  });

  it.each([
    ['leave the image', 112 + 5 * 8 + 4, 0x7000_0000, /leaves the image/],
    ['are blocks of nonsense', 112 + 5 * 8, 0x1000, /block of|relocation/],
  ])('is refused at another base when the relocations %s', (_, field, value, sentence) => {
    const layout = layOut(mustRead(patched(fixture('user.exe'), field, value)), 'a.exe', 0x1_5000_0000);
    expect(layout).toMatchObject({ refusal: expect.stringMatching(sentence) });
  });

  it('is one run of everything when the file is mapped flat', () => {
    const flat = fixture('flat.exe');
    const layout = mustLayOut(mustRead(flat, 'program'));
    expect(layout.runs).toEqual([{ firstPage: 0, pageCount: 1, protect: PAGE_EXECUTE_WRITECOPY }]);
    expect(new Uint8Array(memoryOf(layout).buffer).subarray(0, 0xe18)).toEqual(flat.subarray(0, 0xe18));
  });

  it('is refused when a flat file has a section elsewhere than its data', () => {
    const flat = fixture('flat.exe');
    expect(() => mustRead(patched(flat, 240 + 40 * 5 + 20, 0xc00))).toThrow(/mapped flat/);
  });

  it('shares the pages of shared sections and gives no access to sections without rights', () => {
    const characteristics = (index: number) => 240 + 40 * index + 36;
    const file = patched(
      patched(fixture('user.exe'), characteristics(1), 0xd000_0040),
      characteristics(8),
      0x40,
    );
    const { runs } = mustLayOut(mustRead(file));
    expect(runs).toContainEqual({ firstPage: 3, pageCount: 1, protect: PAGE_READWRITE });
    expect(runs).toContainEqual({ firstPage: 10, pageCount: 1, protect: PAGE_NOACCESS });
  });

  it('gives no access to the space between sections that are aligned to more than a page', () => {
    // One page of code at 64 KiB, in an image of 128 KiB.
    const code = { kind: 'code', name: 'f', bytes: Uint8Array.of(0xc3) } as const;
    const file = buildDll({ name: 'a.dll', base: 0x1_0000_0000, exports: [], internal: [code] }).bytes;
    patched(patched(patched(patched(file, 32, 0x1_0000), 56, 0x2_0000), 240 + 12, 0x1_0000), 112, 0);
    patched(file, -18, 1, 16);
    expect(mustLayOut(mustRead(file)).runs).toEqual([
      { firstPage: 0, pageCount: 1, protect: PAGE_READONLY },
      { firstPage: 1, pageCount: 15, protect: PAGE_NOACCESS },
      { firstPage: 16, pageCount: 1, protect: PAGE_EXECUTE_READ },
      { firstPage: 17, pageCount: 15, protect: PAGE_NOACCESS },
    ]);
  });
});

describe('relocations across pages', () => {
  it('agree with adding to the whole image, wherever they are', () => {
    const base = 0x1_8000_0000;
    const bases = fc
      .integer({ min: 1, max: 0x7fff_0000 })
      .map((granule) => (granule % 0x7fff_fff0) * 0x10000);
    const gaps = fc.array(fc.integer({ min: 8, max: 2500 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(bases, gaps, (newBase, distances) => {
        const places: number[] = [];
        for (const distance of distances) places.push((places.at(-1) ?? 4080) + distance);
        const fixups = places.map((at) => ({ at, kind: 'address64', to: 'block' }) as const);
        const block = {
          kind: 'data',
          name: 'block',
          size: 0x9000,
          initial: new Uint8Array(0x9000).fill(0xff),
          fixups,
        } as const;
        const built = buildDll({ name: 'a.dll', base, exports: [block] });
        const address = built.addresses.get('block')!;
        const memory = memoryOf(mustLayOut(mustRead(built.bytes), newBase));
        const fixed = new Set(places.flatMap((at) => [0, 1, 2, 3, 4, 5, 6, 7].map((i) => at + i)));
        for (const at of places)
          expect(memory.getBigUint64(address + at, true)).toBe(BigInt(newBase + address));
        for (let at = 0; at < 0x9000; at++) {
          if (!fixed.has(at) && memory.getUint8(address + at) !== 0xff) throw new Error(`byte ${at} changed`);
        }
      }),
      { numRuns: 60 },
    );
  });
});

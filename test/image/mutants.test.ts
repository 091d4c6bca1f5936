import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layOut } from '../../src/image/layout.ts';
import { planLoad } from '../../src/image/load-plan.ts';
import { ModuleMap } from '../../src/image/module-map.ts';
import { readImage } from '../../src/image/pe.ts';
import { isRefusal } from '../../src/image/refusal.ts';
import { fixture } from './fixtures.ts';

/** Everything that a loader or a report asks of a file; must neither throw nor take long. */
function useAll(file: Uint8Array): void {
  const result = readImage(file, 'library');
  if (result.image === undefined) {
    expect(result.refusal).toMatch(/^[ -~]{8,300}$/);
    return;
  }
  const { image } = result;
  expect(image.headers.size).toBeGreaterThan(0);
  for (const base of [image.headers.base, 0x7ff6_0000_0000]) {
    const layout = layOut(image, 'm.exe', base);
    if (isRefusal(layout)) continue;
    const pages = layout.size / 4096;
    let next = 0;
    for (const run of layout.runs) {
      expect(run.firstPage).toBe(next);
      next = run.firstPage + run.pageCount;
    }
    expect(next).toBe(pages);
    const into = new Uint8Array(4096);
    for (let page = 0; page < Math.min(pages, 40); page++) layout.fill(page, into);
    layout.fill(pages - 1, into);
  }
  image.exports.list();
  image.exports.resolve('by_name');
  image.readDelayedImports();
  planLoad({ name: 'm.exe', image, find: (name) => (name === 'probe.dll' ? { file } : undefined) });
  const map = new ModuleMap();
  map.add({ name: 'm.exe', base: 0x10000, size: image.headers.size, image });
  for (const offset of [0, 0x1000, 0x1540, 0x3000, image.headers.size - 1]) map.describe(0x10000 + offset);
}

const INTERESTING = [
  0, 1, 0x7f, 0x80, 0xff, 0x1000, 0xfff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff,
];

/** Changes of 1 to 8 places: a random byte, or a telling 32-bit number; most in the headers, where they matter most. */
function mutation(size: number) {
  const place = fc.oneof(fc.nat(0x3ff), fc.nat(0x3ff), fc.nat(size - 4));
  const byte = fc.nat(255).map((value) => ({ value, width: 1 }));
  const number = fc
    .oneof(fc.constantFrom(...INTERESTING), fc.nat(0xffff))
    .map((value) => ({ value, width: 4 }));
  return fc.array(fc.tuple(place, fc.oneof(byte, number)), { minLength: 1, maxLength: 8 });
}

describe('mutants', () => {
  it.each(['user.exe', 'probe.dll', 'flat.exe'])('of %s are read or refused, in bounded time', (name) => {
    const original = fixture(name);
    let slowest = 0;
    fc.assert(
      fc.property(
        mutation(original.length),
        fc.option(fc.nat(original.length), { freq: 8 }),
        (changes, cut) => {
          const file = original.slice();
          const view = new DataView(file.buffer);
          for (const [at, { value, width }] of changes) {
            const place = Math.min(at, file.length - 4);
            if (width === 1) file[place] = value;
            else view.setUint32(place, value, true);
          }
          const start = performance.now();
          useAll(cut === null ? file : file.slice(0, cut));
          slowest = Math.max(slowest, performance.now() - start);
        },
      ),
      { numRuns: Number(process.env.MUTANTS ?? 600) },
    );
    expect(slowest).toBeLessThan(3000);
  });

  it('of random bytes are refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => useAll(bytes)));
  });
});

describe('files made to cost time', () => {
  /** The program with all sections' data being the whole file, so that tables can be far larger than it. */
  function withHugeSection(changes: (view: DataView) => void): Uint8Array {
    const big = new Uint8Array(0x40_0000);
    big.set(fixture('user.exe'));
    const view = new DataView(big.buffer);
    const optional = view.getUint32(0x3c, true) + 24;
    const section = optional + 240;
    view.setUint16(optional - 18, 30, true);
    view.setUint32(optional + 60, 0x1000, true);
    for (let i = 0; i < 30; i++) {
      const at = section + i * 40;
      for (const [field, value] of [
        [8, 0x3f_f000],
        [12, 0x1000 + i * 0x3f_f000],
        [16, 0x3f_f000],
        [20, 0x1000],
        [36, 0x4000_0040],
      ]) {
        view.setUint32(at + field, value, true);
      }
    }
    view.setUint32(optional + 56, 0x1000 + 30 * 0x3f_f000, true);
    big.fill(0, 0x1000);
    changes(view);
    return big;
  }
  const directory = (view: DataView, index: number, address: number, size: number) => {
    const at = view.getUint32(0x3c, true) + 24 + 112 + index * 8;
    view.setUint32(at, address, true);
    view.setUint32(at + 4, size, true);
  };
  /** Repeats the values over most of the first section. */
  const fill = (view: DataView, ...values: readonly number[]) => {
    for (let i = 0; i < 0xf_f000; i++) view.setUint32(0x1000 + i * 4, values[i % values.length], true);
  };
  /** A structure in the zeros behind, with the text "x" after it. */
  const AT = 0x3f_e000;
  const TEXT = 0x3f_e800;
  const put = (view: DataView, ...values: readonly number[]) => {
    values.forEach((value, i) => {
      view.setUint32(AT + i * 4, value, true);
    });
    view.setUint8(TEXT, 0x78);
  };

  it.each<[string, number, RegExp | undefined, (view: DataView) => void]>([
    [
      'a million imported DLLs',
      1,
      /import table is too large/,
      (view) => {
        directory(view, 1, 0x1000, 20);
        fill(view, TEXT + 8, 0, 0, TEXT, TEXT + 8);
        put(view);
      },
    ],
    [
      'half a million imports by ordinal',
      1,
      /import table is too large/,
      (view) => {
        directory(view, 1, AT, 20);
        fill(view, 5, 0x8000_0000);
        put(view, 0x1000, 0, 0, TEXT, 0x1000);
      },
    ],
    [
      'a million relocation blocks',
      5,
      undefined,
      (view) => {
        directory(view, 5, 0x1000, 0x3f_c000);
        fill(view, 0x1000, 8);
      },
    ],
    [
      'one relocation block of nothing',
      5,
      undefined,
      (view) => {
        directory(view, 5, AT, 0x7000_0000);
        put(view, 0x1000, 0x7000_0000);
      },
    ],
    [
      'exports that are all long texts',
      0,
      undefined,
      (view) => {
        directory(view, 0, AT, 0x700_0000);
        fill(view, 0x0202_0202);
        put(view, 0, 0, 0, TEXT, 1, 0x1_0000, 0x1_0000, 0x1000, 0x1000, 0x1000);
      },
    ],
    [
      'half a million TLS callbacks',
      9,
      /too many TLS callbacks/,
      (view) => {
        directory(view, 9, AT, 40);
        fill(view, 0x4000_1000, 1);
        put(view, 0, 0, 0, 0, 0x4000_2000, 1, 0x4000_1000, 1);
      },
    ],
  ])('%s', (_, index, sentence, changes) => {
    const file = withHugeSection((view) => {
      for (const other of [1, 5, 9]) if (other !== index) directory(view, other, 0, 0);
      changes(view);
    });
    const start = performance.now();
    const { refusal } = readImage(file, 'library');
    if (sentence === undefined) expect(refusal).toBeUndefined();
    else expect(refusal).toMatch(sentence);
    useAll(file);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

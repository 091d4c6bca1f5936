import { describe, expect, test } from 'vitest';
import { ImageFile } from '../../src/image/image-file.ts';
import { layOut } from '../../src/image/layout.ts';
import { planLoad } from '../../src/image/load-plan.ts';
import { type PeImage, readImage } from '../../src/image/pe.ts';
import { isRefusal, unreadable } from '../../src/image/refusal.ts';
import { PAGE_READONLY, READ } from '../../src/memory/constants.ts';
import { type ImageLayout, Section } from '../../src/memory/section.ts';
import { STATUS_IN_PAGE_ERROR, STATUS_UNEXPECTED_IO_ERROR } from '../../src/memory/status.ts';
import { bench, TestFile } from '../memory/support.ts';
import { fixture, mustRead } from './fixtures.ts';

const PAGE = 0x1000;
const GAP = 0x1_0000;
const original = spread(fixture('user.exe'));
const inMemory = mustRead(original, 'program');
const data = inMemory.sections.find(({ name }) => name === '.data')!;
const text = inMemory.sections[0]!;

/** The same image with each section, and the symbols, so far from the others that it can be read without them. */
function spread(file: Uint8Array): Uint8Array {
  const { headers, sections } = mustRead(file);
  const symbols = (sections.length + 1) * GAP;
  const bytes = new Uint8Array(symbols + file.length - headers.symbolTable);
  bytes.set(file.subarray(0, headers.headerSize));
  bytes.set(file.subarray(headers.symbolTable), symbols);
  const view = new DataView(bytes.buffer);
  view.setUint32(headers.optionalHeader - 12, symbols, true);
  sections.forEach(({ dataOffset, dataSize }, i) => {
    if (dataSize === 0) return;
    bytes.set(file.subarray(dataOffset, dataOffset + dataSize), (i + 1) * GAP);
    view.setUint32(headers.sectionTable + i * 40 + 20, (i + 1) * GAP, true);
  });
  return bytes;
}

/** The fixture as a file of the host. Its headers and imports have been read. */
function opened(): { file: TestFile; image: PeImage } {
  const file = new TestFile(original.slice());
  const { image, refusal } = readImage(new ImageFile(file, file.size()), 'program');
  if (!image) throw new Error(refusal);
  return { file, image };
}
function mustLayOut(image: PeImage, base?: number): ImageLayout {
  const layout = layOut(image, 'user.exe', base);
  if (isRefusal(layout)) throw new Error(layout.refusal);
  return layout;
}
function pageOf(layout: ImageLayout, address: number): { status: number; bytes: Uint8Array } {
  const bytes = new Uint8Array(PAGE).fill(0xee);
  return { status: layout.fill(address / PAGE, bytes), bytes };
}

describe('an image file of the host', () => {
  test('has the same pages, symbols and relocations as one in memory', () => {
    const moved = inMemory.headers.base + 0x1000_0000;
    for (const base of [inMemory.headers.base, moved]) {
      const here = mustLayOut(opened().image, base);
      const there = mustLayOut(inMemory, base);
      for (let address = 0; address < there.size; address += PAGE)
        expect(pageOf(here, address)).toEqual(pageOf(there, address));
    }
    expect(opened().image.symbols.nearest(0x153c)).toEqual(inMemory.symbols.nearest(0x153c));
  });

  test('is read where it is touched: a page from its place, the symbols when they are asked for', () => {
    const { file, image } = opened();
    const { symbolTable } = image.headers;
    expect(file.reads.filter((at) => at >= symbolTable)).toEqual([]);
    file.reads.length = 0;
    expect(pageOf(mustLayOut(image), text.address + PAGE).status).toBe(0);
    expect(file.reads.length).toBeLessThanOrEqual(1);
    expect(image.symbols.count).toBe(inMemory.symbols.count);
    expect(Math.max(...file.reads)).toBeGreaterThan(symbolTable - 0x4000);
  });

  test('that is cut short, changed or broken while it runs is an in-page error, never zeros or another file', () => {
    const damages: ((file: TestFile) => void)[] = [
      (file) => file.truncate(data.dataOffset + 1),
      (file) => {
        file.modified = 1;
      },
      (file) => {
        file.broken = 'EIO';
      },
    ];
    for (const damage of damages) {
      const { file, image } = opened();
      const { system, space } = bench();
      const { section } = Section.image(system, mustLayOut(image));
      expect(space.mapView(section!, { protect: PAGE_READONLY })).toBe(0);
      const base = space.resultBase;
      damage(file);
      expect(space.probe(base + data.address, READ)).toBe(0);
      expect(space.faultStatus).toBe(STATUS_IN_PAGE_ERROR);
      expect(space.faultDetail).toBe(STATUS_UNEXPECTED_IO_ERROR);
    }
  });

  test('is not moved when its relocations cannot be read', () => {
    const { file, image } = opened();
    file.broken = 'EIO';
    expect(layOut(image, 'user.exe', image.headers.base + 0x1000_0000)).toEqual(unreadable());
  });

  test('whose exports cannot be read is a problem of whoever needs it, told once', () => {
    const dll = new TestFile(spread(fixture('probe.dll')));
    const file = new ImageFile(dll, dll.size());
    const plan = planLoad({
      name: 'user.exe',
      image: inMemory,
      find: (name) => {
        if (name !== 'probe.dll') return undefined;
        const { image } = readImage(file, 'library');
        dll.broken = 'EIO';
        return { file: image!, name };
      },
    });
    expect(plan.problems[0]).toBe(`probe.dll: ${unreadable().refusal}`);
  });

  test('that was closed has what was read, and has lost the rest', () => {
    const { file, image } = opened();
    image.file.close();
    expect(file.closed).toBe(1);
    expect(image.bytes.u16(0)).toBe(0x5a4d);
    expect(image.symbols.count).toBe(0);
    expect(image.file.hasLost).toBe(true);
  });

  test('can be read whole, and is closed then', () => {
    const { file, image } = opened();
    expect(image.file.readWhole()).toBe(true);
    expect(file.closed).toBe(1);
    expect(Buffer.compare(image.file.bytes, original)).toBe(0);
    expect(image.symbols.count).toBe(inMemory.symbols.count);
  });

  test('is asked once for what it cannot give', () => {
    const { file, image } = opened();
    file.broken = 'EIO';
    let asked = 0;
    const read = file.read.bind(file);
    file.read = (position, into) => {
      asked++;
      return read(position, into);
    };
    expect([image.bytes.u32(text.address), image.bytes.u32(text.address)]).toEqual([0, 0]);
    expect(asked).toBe(1);
  });

  test('that is cut short has no symbols, and no error', () => {
    const { file, image } = opened();
    file.truncate(image.headers.symbolTable);
    expect(image.symbols.count).toBe(0);
    expect(image.symbols.nearest(0x153c)).toBeUndefined();
  });

  test('whose headers cannot be read is refused', () => {
    const file = new TestFile(original.slice());
    file.broken = 'EIO';
    expect(readImage(new ImageFile(file, file.size()), 'program').refusal).toBe(unreadable().refusal);
  });

  test('hostile: whatever the header says of itself, no more than the file is read', () => {
    for (const [offset, value] of [
      [0x3c, 0xffff_fff0],
      [0x3c, original.length - 8],
      [0x80 + 6, 0xffff],
      [0x80 + 20, 0xffff],
    ] as const) {
      const bytes = original.slice();
      new DataView(bytes.buffer).setUint32(offset, value, true);
      const file = new TestFile(bytes);
      const here = readImage(new ImageFile(file, file.size()), 'program');
      expect(here.refusal).toBe(readImage(bytes, 'program').refusal);
      expect(here.refusal).toBeDefined();
      expect(Math.max(...file.reads)).toBeLessThan(bytes.length);
    }
  });
});

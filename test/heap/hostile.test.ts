import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { HeapContext } from '../../src/heap/context.ts';
import {
  EXACT_MAP,
  HEAP_FIRST_LARGE,
  HEAP_NEXT,
  HEAP_PREVIOUS,
  HEAP_PROTECT,
  LARGE_NEXT,
  QUICK_AFTER,
  QUICK_HEADS,
  SEGMENT_END_BLOCK,
  SEGMENT_NEXT,
} from '../../src/heap/layout.ts';
import {
  MEM_DECOMMIT,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  WRITE,
} from '../../src/memory/constants.ts';
import { GuestFault } from '../../src/memory/guest-memory.ts';
import {
  STATUS_HEAP_CORRUPTION,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_NO_MEMORY,
} from '../../src/memory/status.ts';
import { type Machine, machine } from './support.ts';

const MIB = 0x100000;
let m: Machine;
let heap: number;

beforeEach(() => {
  m = machine();
  heap = m.heaps.createProcessHeap(MIB, 0x1000);
});

/** Makes the heap keep freed blocks of this size whole, as it does after some allocations. */
function makeQuick(size: number): void {
  const blocks = Array.from({ length: QUICK_AFTER + 1 }, () => m.heaps.allocate(heap, 0, size));
  m.heaps.free(heap, 0, blocks[QUICK_AFTER]);
}

function expectCorruption(): void {
  expect(m.heaps.status.toString(16), m.heaps.corruptReason).toBe(STATUS_HEAP_CORRUPTION.toString(16));
  expect(m.heaps.corruptReason).not.toBe('');
}

describe('hostile: what programs do wrong', () => {
  it.each([false, true])('a small block freed twice is corruption (size often used: %s)', (often) => {
    if (often) makeQuick(40);
    const block = m.heaps.allocate(heap, 0, 40);
    expect(m.heaps.free(heap, 0, block)).toBe(true);
    expect(m.heaps.validate(heap, 0, block)).toBe(false);
    expect(m.heaps.size(heap, 0, block)).toBe(-1);
    expect(m.heaps.status).toBe(STATUS_INVALID_PARAMETER);
    expect(m.heaps.free(heap, 0, block)).toBe(false);
    expectCorruption();
    expect(m.heaps.corruptAddress).toBe(block - 16);
  });

  it('a middle-sized block freed twice is corruption, merged or not', () => {
    const blocks = [0, 0, 0, 0].map(() => m.heaps.allocate(heap, 0, 5000));
    for (const block of blocks.slice(0, 3)) expect(m.heaps.free(heap, 0, block)).toBe(true);
    for (const block of blocks.slice(0, 3)) {
      expect(m.heaps.free(heap, 0, block)).toBe(false);
      expectCorruption();
    }
  });

  it('a small block that was merged into the one before it cannot be freed again', () => {
    const [before, block] = [5000, 100].map((size) => m.heaps.allocate(heap, 0, size));
    m.heaps.allocate(heap, 0, 100);
    m.heaps.free(heap, 0, before);
    m.heaps.free(heap, 0, block);
    makeQuick(100);
    expect(m.heaps.validate(heap, 0, block)).toBe(false);
    expect(m.heaps.free(heap, 0, block)).toBe(false);
    expectCorruption();
  });

  it('a large block freed twice is refused: its memory is gone', () => {
    const block = m.heaps.allocate(heap, 0, 2 * MIB);
    expect(m.heaps.free(heap, 0, block)).toBe(true);
    expect(m.heaps.free(heap, 0, block)).toBe(false);
    expect(m.heaps.status).toBe(STATUS_INVALID_PARAMETER);
  });

  it('reallocating a freed block is corruption', () => {
    const block = m.heaps.allocate(heap, 0, 5000);
    m.heaps.free(heap, 0, block);
    expect(m.heaps.reallocate(heap, 0, block, 10)).toBe(0);
    expectCorruption();
  });

  it('freeing the middle of a block is corruption', () => {
    for (const size of [200, 5000, 2 * MIB]) {
      const block = m.heaps.allocate(heap, 0, size);
      expect(m.heaps.free(heap, 0, block + 64)).toBe(false);
      expectCorruption();
    }
  });

  it.each([40, 5000])(
    'one byte written behind a block of %i is seen by validate and by the next free there',
    (size) => {
      const [block, next] = [0, 0].map(() => m.heaps.allocate(heap, 0, size));
      const behind = block + Math.ceil(size / 16) * 16;
      m.memory.setU8(behind, m.memory.u8(behind) ^ 1);
      expect(m.heaps.validate(heap, 0, 0)).toBe(false);
      expect(m.heaps.validate(heap, 0, block)).toBe(false);
      expect(m.heaps.status).toBe(0);
      expect(m.heaps.free(heap, 0, next)).toBe(false);
      expectCorruption();
    },
  );

  it('a page of the heap that is made read-only is noticed, however many pages the heap has used', () => {
    const blocks = Array.from({ length: 1000 }, () => m.heaps.allocate(heap, 0, 5000));
    for (const block of blocks) expect(m.heaps.free(heap, 0, block)).toBe(true);
    for (const [i] of blocks.entries()) blocks[i] = m.heaps.allocate(heap, 0, 5000);
    const block = blocks[300]!;
    const page = Math.floor((block - 16) / 4096) * 4096;
    m.space.protect(page, 4096, PAGE_READONLY);
    expect(m.heaps.free(heap, 0, block)).toBe(false);
    m.space.protect(page, 4096, PAGE_READWRITE);
    expect(m.heaps.free(heap, 0, block)).toBe(true);
  });

  it('a block written to after it was freed is seen when its link is used', () => {
    makeQuick(100);
    const blocks = [0, 0].map(() => m.heaps.allocate(heap, 0, 100));
    for (const block of blocks) m.heaps.free(heap, 0, block);
    m.memory.fill(blocks[1], 0x41, 100);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    expect(m.heaps.allocate(heap, 0, 100)).toBe(blocks[1]);
    expect(m.heaps.allocate(heap, 0, 100)).toBe(0);
    expectCorruption();
  });

  it('memory taken from under the heap is corruption, not a host error', () => {
    const block = m.heaps.allocate(heap, 0, 50000);
    m.space.free(Math.ceil(block / 4096) * 4096, 0x4000, MEM_DECOMMIT);
    expect(m.heaps.validate(heap, 0, 0)).toBe(true);
    expect(m.heaps.free(heap, 0, block)).toBe(true);
    m.space.free(Math.floor(block / 4096) * 4096, 0x20000, MEM_DECOMMIT);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
  });

  it('zeroing a block whose pages the program protected raises the access violation in its caller', () => {
    const block = m.heaps.allocate(heap, 0, 50000);
    m.heaps.free(heap, 0, block);
    m.space.protect(Math.ceil(block / 4096) * 4096, 0x4000, PAGE_NOACCESS);
    expect(() => m.heaps.allocate(heap, 8, 50000)).toThrow(GuestFault);
  });
});

describe('hostile: forged links and headers', () => {
  const setPointer = (at: number, value: number) => m.memory.setU64(at, value);

  it('a bin whose free block links to itself ends as corruption', () => {
    const blocks = [0, 0, 0, 0].map(() => m.heaps.allocate(heap, 0, 5000));
    m.heaps.free(heap, 0, blocks[0]);
    m.heaps.free(heap, 0, blocks[2]);
    setPointer(blocks[2], blocks[2] - 16);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    expect(m.heaps.free(heap, 0, blocks[1])).toBe(false);
    expectCorruption();
  });

  it('a quick list that links to itself ends as corruption', () => {
    makeQuick(40);
    const block = m.heaps.allocate(heap, 0, 40);
    m.heaps.free(heap, 0, block);
    setPointer(block, block - 16);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    expect(m.heaps.allocate(heap, 0, 40)).toBe(block);
    expect(m.heaps.allocate(heap, 0, 40)).toBe(0);
    expectCorruption();
  });

  it('a quick list that links to itself does not hold up a heap that has to grow', () => {
    const blocks = Array.from({ length: 4000 }, () => m.heaps.allocate(heap, 0, 100));
    for (const block of blocks) m.heaps.free(heap, 0, block);
    setPointer(blocks[3000], blocks[3000] - 16);
    expect(m.heaps.allocate(heap, 0, 1000000)).toBe(0);
    expectCorruption();
  });

  it.each([1, 8, 0x123450, 0x7fff_0000_0000, 2 ** 63])(
    'a quick list that leads to %i is corruption',
    (target) => {
      makeQuick(40);
      m.memory.setU64(heap + QUICK_HEADS + 4 * 8, target);
      expect(m.heaps.allocate(heap, 0, 40)).toBe(0);
      expectCorruption();
      expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    },
  );

  it('a bin map that promises blocks which are not there is corruption', () => {
    m.memory.setU32(heap + EXACT_MAP, 0xffffffff);
    m.memory.setU32(heap + EXACT_MAP + 4, 0xffffffff);
    expect(m.heaps.allocate(heap, 0, 40)).toBe(0);
    expectCorruption();
  });

  it('segments in a ring end every walk', () => {
    m.heaps.allocate(heap, 0, 100);
    setPointer(heap + SEGMENT_NEXT, heap);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    m.heaps.allocate(heap, 0, 1000000);
    m.heaps.free(heap, 0, heap + 0x10);
    expect([0, STATUS_NO_MEMORY, STATUS_INVALID_PARAMETER, STATUS_HEAP_CORRUPTION]).toContain(m.heaps.status);
  });

  it('an end block that was moved away is corruption', () => {
    setPointer(heap + SEGMENT_END_BLOCK, 2 ** 46);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    expect(m.heaps.allocate(heap, 0, 500000)).toBe(0);
    expectCorruption();
  });

  it('large blocks in a ring end every walk, and HeapDestroy', () => {
    const other = m.heaps.create(0, 0, 0);
    const blocks = [0, 0, 0].map(() => m.heaps.allocate(other, 0, 2 * MIB));
    setPointer(blocks[0] - 0x40 + LARGE_NEXT, blocks[2] - 0x40);
    expect(m.heaps.validate(other, 0, 0)).toBe(false);
    expect(m.heaps.validate(other, 0, blocks[0])).toBe(false);
    expect(m.heaps.free(other, 0, blocks[0])).toBe(false);
    expectCorruption();
    expect(m.heaps.destroy(other)).toBe(true);
  });

  it('a list of large blocks that leads elsewhere is corruption', () => {
    m.memory.setU64(heap + HEAP_FIRST_LARGE, 0x12340000);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    expect(m.heaps.allocate(heap, 0, 2 * MIB)).toBe(0);
    expectCorruption();
  });

  it('a list of heaps that was changed ends where it breaks', () => {
    const [a, b] = [0, 0].map(() => m.heaps.create(0, 0, 0));
    setPointer(a + HEAP_NEXT, 0x55550000);
    expect(m.heaps.list()).toEqual([heap, a]);
    setPointer(a + HEAP_NEXT, a);
    expect(m.heaps.list().length).toBeLessThanOrEqual(65536);
    setPointer(b + HEAP_PREVIOUS, 8);
    expect(m.heaps.destroy(b)).toBe(false);
    expectCorruption();
  });

  it('a header with a right check value and a wrong size is caught by its neighbour', () => {
    const [, b] = [0, 0, 0].map(() => m.heaps.allocate(heap, 0, 5000));
    const units = m.memory.u32(b - 16);
    m.memory.setU32(b - 16, units + 4);
    m.memory.setU32(b - 4, (m.memory.u32(b - 4) ^ units ^ (units + 4)) >>> 0);
    expect(m.heaps.validate(heap, 0, 0)).toBe(false);
    expect(m.heaps.free(heap, 0, b)).toBe(false);
    expectCorruption();
  });

  it('a heap whose protection was forged does not grow, and does not try for ever', () => {
    m.memory.setU32(heap + HEAP_PROTECT, 0x7777);
    let count = 0;
    while (m.heaps.allocate(heap, 0, 5000) !== 0) count++;
    expect(m.heaps.status).toBe(STATUS_NO_MEMORY);
    expect(count).toBeLessThan(MIB / 5000);
  });

  it('a heap whose every word may be forged, check values and all, neither hangs nor breaks the host', () => {
    const runs = Number(process.env.WINMEM_MODEL_RUNS ?? 500);
    const value = fc.oneof(
      fc.nat(0x60),
      fc.nat(0x1000),
      fc.nat(0xffffffff),
      fc.nat(0x1000).map((n) => n * 16),
    );
    // A word of the header page, or of the blocks behind it; a pointer into the heap, or any value.
    const forgery = fc.record({
      word: fc.oneof(fc.nat(0x3ff), fc.nat(0x3fff)),
      value,
      pointer: fc.boolean(),
      repair: fc.boolean(),
    });
    const call = fc.record({
      kind: fc.nat(3),
      pick: fc.nat(10000),
      size: fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(2000000)),
    });
    fc.assert(
      fc.property(
        fc.array(forgery, { maxLength: 12 }),
        fc.array(call, { maxLength: 20 }),
        (forgeries, calls) => {
          m = machine(0x2000);
          heap = m.heaps.createProcessHeap(MIB, 0x1000);
          const blocks = Array.from({ length: 80 }, (_, i) =>
            m.heaps.allocate(heap, 0, [24, 700, 3 * i, 3000][i & 3]),
          );
          blocks.push(...[0, 0].map(() => m.heaps.allocate(heap, 0, 2 * MIB)));
          for (let i = 0; i < 80; i += 3) m.heaps.free(heap, 0, blocks[i]);
          for (const f of forgeries) forge(f.word, f.pointer ? heap + (f.value & ~15) : f.value, f.repair);
          for (const { kind, pick, size } of calls) {
            const block = pick & 1 ? blocks[pick % blocks.length] : heap + (pick & 0x3fff) * 16;
            perform(kind, block, size);
            expect([
              0,
              STATUS_NO_MEMORY,
              STATUS_INVALID_PARAMETER,
              STATUS_INVALID_HANDLE,
              STATUS_HEAP_CORRUPTION,
            ]).toContain(m.heaps.status);
          }
          m.heaps.validate(heap, 0, 0);
          m.heaps.list();
        },
      ),
      { numRuns: runs },
    );
  }, 120_000);

  /** Overwrites a word of the heap; repaired, the header around it passes for one that the heap wrote. */
  function forge(word: number, value: number, repair: boolean): void {
    const address = heap + word * 4;
    if (m.space.probe(address, WRITE) === 0) return;
    m.memory.setU32(address, value >>> 0);
    if (!repair) return;
    const c = new HeapContext(m.space, m.memory);
    const block = address - (address % 16);
    if (c.enter(heap)) m.memory.setU32(block + 12, c.check(c.at(block), block));
  }

  /** Only what copies or clears the program's own bytes may fault. */
  function perform(kind: number, block: number, size: number): void {
    try {
      if (kind === 0) m.heaps.allocate(heap, size & 8, size);
      else if (kind === 1) m.heaps.free(heap, 0, block);
      else if (kind === 2) m.heaps.reallocate(heap, 8, block, size);
      else m.heaps.validate(heap, 0, size & 1 ? block : 0);
    } catch (fault) {
      if (!(fault instanceof GuestFault)) throw fault;
    }
  }
});

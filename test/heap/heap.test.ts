import { beforeEach, describe, expect, it } from 'vitest';
import {
  HEAP_CREATE_ENABLE_EXECUTE,
  HEAP_GENERATE_EXCEPTIONS,
  HEAP_NO_SERIALIZE,
  HEAP_REALLOC_IN_PLACE_ONLY,
  HEAP_ZERO_MEMORY,
} from '../../src/heap/layout.ts';
import { FRAMES } from '../../src/machine/layout.ts';
import {
  MEM_COMMIT,
  MEM_FREE,
  PAGE_EXECUTE_READWRITE,
  PAGE_READWRITE,
  WRITE,
} from '../../src/memory/constants.ts';
import {
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_NO_MEMORY,
} from '../../src/memory/status.ts';
import { type Machine, machine, query } from './support.ts';

const MIB = 0x100000;
let m: Machine;
let heap: number;

beforeEach(() => {
  m = machine();
  heap = m.heaps.createProcessHeap(MIB, 0x1000);
});

const isFilled = (address: number, size: number, byte: number) =>
  m.memory.bytes(address, size).every((b) => b === byte);

describe('the process heap (row 44)', () => {
  it('is the first of the list and is committed as the PE header asks', () => {
    const other = m.heaps.create(0, 0, 0);
    expect(m.heaps.list()).toEqual([heap, other]);
    expect(query(m, heap)).toMatchObject({
      baseAddress: heap,
      allocationBase: heap,
      state: MEM_COMMIT,
      regionSize: 0x1000,
    });
  });

  it('shows the flags that programs look for: 2 and 0', () => {
    expect(m.memory.u32(heap + 0x70)).toBe(2);
    expect(m.memory.u32(heap + 0x74)).toBe(0);
    expect(m.memory.u32(heap + 0x98)).toBe(0xeeffeeff);
  });

  it('cannot be destroyed', () => {
    expect(m.heaps.destroy(heap)).toBe(false);
    expect(m.heaps.allocate(heap, 0, 10)).not.toBe(0);
  });
});

describe('HeapAlloc, HeapFree and HeapSize (row 45)', () => {
  it('answer 16-aligned writable memory of the requested size, whatever the size', () => {
    for (const size of [0, 1, 15, 16, 17, 100, 1024, 1025, 4096, 70000, 0xfeff0, 0xfeff1, 3 * MIB]) {
      const address = m.heaps.allocate(heap, 0, size);
      expect(address % 16, `size ${size}`).toBe(0);
      expect(m.heaps.size(heap, 0, address)).toBe(size);
      m.memory.fill(address, 0xaa, size);
      expect(m.heaps.validate(heap, 0, 0), m.heaps.corruptReason).toBe(true);
      expect(m.heaps.free(heap, 0, address)).toBe(true);
      expect(m.heaps.validate(heap, 0, 0), m.heaps.corruptReason).toBe(true);
    }
  });

  it('give each block of size 0 an address of its own', () => {
    const blocks = new Set(Array.from({ length: 20 }, () => m.heaps.allocate(heap, 0, 0)));
    expect(blocks.size).toBe(20);
    expect(blocks.has(0)).toBe(false);
  });

  it('treat freeing address 0 as done', () => {
    expect(m.heaps.free(heap, 0, 0)).toBe(true);
  });

  it('refuse addresses that no heap call gave out with STATUS_INVALID_PARAMETER', () => {
    const block = m.heaps.allocate(heap, 0, 100);
    m.space.allocate(0, 0x1000, 0x3000, PAGE_READWRITE);
    const elsewhere = m.space.resultBase + 0x100;
    for (const address of [block + 1, elsewhere, 0x7000_0000_0000, 0x123450, 16, 2 ** 60]) {
      expect(m.heaps.free(heap, 0, address)).toBe(false);
      expect(m.heaps.status).toBe(STATUS_INVALID_PARAMETER);
      expect(m.heaps.reallocate(heap, 0, address, 5)).toBe(0);
      expect(m.heaps.status).toBe(STATUS_INVALID_PARAMETER);
      expect(m.heaps.size(heap, 0, address)).toBe(-1);
      expect(m.heaps.validate(heap, 0, address)).toBe(false);
    }
  });

  it('refuse the block of another heap', () => {
    const other = m.heaps.create(0, 0, 0);
    const block = m.heaps.allocate(other, 0, 100);
    expect(m.heaps.free(heap, 0, block)).toBe(false);
    expect(m.heaps.status).toBe(STATUS_INVALID_PARAMETER);
    expect(m.heaps.size(other, 0, block)).toBe(100);
  });

  it('refuse a handle that is no heap', () => {
    for (const handle of [0, 0x123450, 0x1230000, -1, heap + 16]) {
      expect(m.heaps.allocate(handle, 0, 10)).toBe(0);
      expect(m.heaps.status).toBe(STATUS_INVALID_HANDLE);
      expect(m.heaps.destroy(handle)).toBe(false);
    }
  });

  it('answer STATUS_NO_MEMORY for more than there can be, and go on working', () => {
    for (const size of [2 ** 53, 2 ** 64, 2 ** 47, 2 ** 40, m.system.commitLimit * 4096]) {
      expect(m.heaps.allocate(heap, 0, size)).toBe(0);
      expect(m.heaps.status).toBe(STATUS_NO_MEMORY);
    }
    expect(m.heaps.allocate(heap, 0, 100)).not.toBe(0);
  });

  it('answer STATUS_NO_MEMORY when commit is used up, and serve again after a free', () => {
    const blocks: number[] = [];
    for (let block = m.heaps.allocate(heap, 0, 50000); block !== 0; block = m.heaps.allocate(heap, 0, 50000))
      blocks.push(block);
    expect(m.heaps.status).toBe(STATUS_NO_MEMORY);
    expect(blocks.length * 50000).toBeGreaterThan(m.system.commitLimit * 4096 * 0.9);
    expect(m.heaps.validate(heap, 0, 0), m.heaps.corruptReason).toBe(true);
    expect(m.heaps.free(heap, 0, blocks[5])).toBe(true);
    expect(m.heaps.allocate(heap, 0, 50000)).not.toBe(0);
  });
});

describe('HEAP_ZERO_MEMORY (row 46)', () => {
  it('zeroes the requested bytes of a block that was used before', () => {
    for (const size of [40, 5000, 200000, 2 * MIB]) {
      const dirty = m.heaps.allocate(heap, 0, size);
      m.memory.fill(dirty, 0xee, size);
      m.heaps.free(heap, 0, dirty);
      expect(isFilled(m.heaps.allocate(heap, HEAP_ZERO_MEMORY, size), size, 0)).toBe(true);
    }
  });

  it('zeroes on HeapReAlloc only what is beyond the old requested size', () => {
    for (const [old, size] of [
      [10, 16],
      [10, 60],
      [1000, 30000],
      [500000, 3 * MIB],
      [2 * MIB, 2 * MIB + 1000],
    ]) {
      const block = m.heaps.allocate(heap, 0, old);
      const room = Math.ceil(old / 16) * 16;
      m.memory.fill(block, 0xee, room);
      const grown = m.heaps.reallocate(heap, HEAP_ZERO_MEMORY, block, size);
      expect(isFilled(grown, old, 0xee)).toBe(true);
      expect(isFilled(grown + old, size - old, 0), `${old} to ${size}`).toBe(true);
    }
  });

  it('zeroes what grows back after a block shrank', () => {
    const block = m.heaps.allocate(heap, 0, 2 * MIB);
    m.memory.fill(block, 0xee, 2 * MIB);
    expect(m.heaps.reallocate(heap, 0, block, MIB)).toBe(block);
    const grown = m.heaps.reallocate(heap, HEAP_ZERO_MEMORY, block, 2 * MIB);
    expect(isFilled(grown, MIB, 0xee)).toBe(true);
    expect(isFilled(grown + MIB, MIB, 0)).toBe(true);
  });
});

describe('HeapReAlloc (row 47)', () => {
  it('shrinks in place and gives the rest to others', () => {
    const block = m.heaps.allocate(heap, 0, 100000);
    m.memory.fill(block, 0x11, 100000);
    expect(m.heaps.reallocate(heap, 0, block, 100)).toBe(block);
    expect(m.heaps.size(heap, 0, block)).toBe(100);
    expect(isFilled(block, 100, 0x11)).toBe(true);
    const other = m.heaps.allocate(heap, 0, 90000);
    expect(other).toBeGreaterThan(block);
    expect(other).toBeLessThan(block + 100000);
  });

  it('grows in place into free memory behind the block, also when that is not committed yet', () => {
    let block = m.heaps.allocate(heap, 0, 10000);
    for (let size = 20000; size < 400000; size += 30000) {
      const grown = m.heaps.reallocate(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, size);
      expect(grown).toBe(block);
      block = grown;
      expect(m.heaps.validate(heap, 0, 0), m.heaps.corruptReason).toBe(true);
    }
  });

  it('moves with its contents when something is in the way', () => {
    const block = m.heaps.allocate(heap, 0, 5000);
    m.heaps.allocate(heap, 0, 10);
    m.memory.fill(block, 0x22, 5000);
    const moved = m.heaps.reallocate(heap, 0, block, 9000);
    expect(moved).not.toBe(block);
    expect(isFilled(moved, 5000, 0x22)).toBe(true);
    expect(m.heaps.validate(heap, 0, block)).toBe(false);
  });

  it('crosses the threshold of large blocks both ways with its contents', () => {
    const block = m.heaps.allocate(heap, 0, 900000);
    m.memory.fill(block, 0x33, 900000);
    const large = m.heaps.reallocate(heap, 0, block, 5 * MIB);
    expect(isFilled(large, 900000, 0x33)).toBe(true);
    const small = m.heaps.reallocate(heap, 0, large, 1000);
    expect(isFilled(small, 1000, 0x33)).toBe(true);
    expect(m.heaps.size(heap, 0, small)).toBe(1000);
  });

  it('grows a large block by a few bytes over the end of its last page', () => {
    const block = m.heaps.allocate(heap, 0, 2 * MIB - 0x40);
    m.memory.fill(block, 0x55, 2 * MIB - 0x40);
    const grown = m.heaps.reallocate(heap, 0, block, 2 * MIB);
    m.memory.fill(grown + 2 * MIB - 0x40, 0x55, 0x40);
    expect(isFilled(grown, 2 * MIB, 0x55)).toBe(true);
  });

  it('fails with IN_PLACE_ONLY or without memory and leaves the block as it was', () => {
    const block = m.heaps.allocate(heap, 0, 5000);
    m.heaps.allocate(heap, 0, 10);
    m.memory.fill(block, 0x44, 5000);
    for (const [flags, size] of [
      [HEAP_REALLOC_IN_PLACE_ONLY, 9000],
      [0, 2 ** 50],
      [HEAP_REALLOC_IN_PLACE_ONLY, 2 ** 53],
    ]) {
      expect(m.heaps.reallocate(heap, flags, block, size)).toBe(0);
      expect(m.heaps.status).toBe(STATUS_NO_MEMORY);
      expect(m.heaps.size(heap, 0, block)).toBe(5000);
      expect(isFilled(block, 5000, 0x44)).toBe(true);
    }
  });

  it('takes size 0 and keeps a block of that size', () => {
    const block = m.heaps.allocate(heap, 0, 100);
    const none = m.heaps.reallocate(heap, 0, block, 0);
    expect(none).not.toBe(0);
    expect(m.heaps.size(heap, 0, none)).toBe(0);
  });
});

describe('fixed heaps (row 48)', () => {
  it('never grow, and their header comes out of the same space', () => {
    const fixed = m.heaps.create(0, 0, 0x10000);
    expect(m.heaps.allocate(fixed, 0, 0x10000)).toBe(0);
    let total = 0;
    while (m.heaps.allocate(fixed, 0, 1000) !== 0) total += 1000;
    expect(m.heaps.status).toBe(STATUS_NO_MEMORY);
    expect(total).toBeGreaterThan(0x10000 * 0.9);
    expect(total).toBeLessThan(0x10000);
    expect(m.heaps.validate(fixed, 0, 0), m.heaps.corruptReason).toBe(true);
  });

  it('refuse a block of 1 MiB even with room, and serve one slightly smaller', () => {
    const fixed = m.heaps.create(0, 0, 8 * MIB);
    expect(m.heaps.allocate(fixed, 0, MIB)).toBe(0);
    expect(m.heaps.status).toBe(STATUS_NO_MEMORY);
    expect(m.heaps.allocate(fixed, 0, 0xfeff0)).not.toBe(0);
  });

  it('serve their last free bytes exactly', () => {
    const fixed = m.heaps.create(0, 0, 0x20000);
    let size = 0x20000;
    while (size > 0 && m.heaps.allocate(fixed, 0, size) === 0) size -= 16;
    expect(size).toBeGreaterThan(0x20000 - 0x1000);
    expect(m.heaps.allocate(fixed, 0, 0)).toBe(0);
  });

  it('have room for small blocks even in one page', () => {
    const fixed = m.heaps.create(0, 0, 0x1000);
    expect(m.heaps.allocate(fixed, 0, 2000)).not.toBe(0);
    expect(m.heaps.allocate(fixed, 0, 2000)).toBe(0);
  });

  it('commit only what is used', () => {
    const before = m.system.commitCharge;
    const fixed = m.heaps.create(0, 0x3000, 64 * MIB);
    expect(m.system.commitCharge - before).toBe(3);
    m.heaps.allocate(fixed, 0, 100000);
    expect(m.system.commitCharge - before).toBeLessThan(64);
  });
});

describe('growable heaps and large blocks (row 49)', () => {
  it('grow far beyond their first reservation', () => {
    const blocks = Array.from({ length: 800 }, (_, i) => {
      const block = m.heaps.allocate(heap, 0, 30000);
      m.memory.fill(block, i & 255, 30000);
      return block;
    });
    for (const [i, block] of blocks.entries()) expect(isFilled(block, 30000, i & 255)).toBe(true);
    expect(m.heaps.validate(heap, 0, 0), m.heaps.corruptReason).toBe(true);
  });

  it('put each large block into a region of its own, which goes when it is freed', () => {
    const charge = m.system.commitCharge;
    const block = m.heaps.allocate(heap, 0, 5 * MIB);
    const region = query(m, block);
    expect(region.allocationBase).not.toBe(heap);
    expect(block - region.allocationBase).toBe(0x40);
    expect(m.system.commitCharge - charge).toBe((5 * MIB) / 4096 + 1);
    expect(m.heaps.free(heap, 0, block)).toBe(true);
    expect(query(m, block).state).toBe(MEM_FREE);
    expect(m.system.commitCharge).toBe(charge);
  });

  it('give memory back when most of it was freed', () => {
    const charge = m.system.commitCharge;
    const blocks = Array.from({ length: 700 }, () => m.heaps.allocate(heap, 0, 40000));
    expect(m.system.commitCharge - charge).toBeGreaterThan(6000);
    for (const block of blocks) m.heaps.free(heap, 0, block);
    expect(m.system.commitCharge - charge).toBeLessThan(1000);
    expect(m.heaps.validate(heap, 0, 0), m.heaps.corruptReason).toBe(true);
  });

  it('decommit the free end of a segment that is still in use, and commit it again', () => {
    const other = machine();
    const big = other.heaps.createProcessHeap(64 * MIB, 0x1000);
    const kept = other.heaps.allocate(big, 0, 40000);
    for (let round = 0; round < 3; round++) {
      const blocks = Array.from({ length: 500 }, () => other.heaps.allocate(big, 0, 40000));
      expect(other.system.commitCharge).toBeGreaterThan(4800);
      for (const block of blocks) other.memory.fill(block, 0xee, 40000);
      for (const block of blocks) other.heaps.free(big, 0, block);
      expect(other.system.commitCharge).toBeLessThan(400);
      expect(other.heaps.validate(big, 0, 0), other.heaps.corruptReason).toBe(true);
    }
    expect(query(other, kept).allocationBase).toBe(big);
  });

  it.each([1000, 5000])('merge what %i small blocks left before they refuse memory', (count) => {
    const tight = machine(0x180);
    const small = tight.heaps.createProcessHeap(MIB, 0x1000);
    const blocks = Array.from({ length: count }, () => tight.heaps.allocate(small, 0, 100));
    while (tight.heaps.allocate(small, 0, 20000) !== 0);
    expect(tight.heaps.status).toBe(STATUS_NO_MEMORY);
    for (const block of blocks) tight.heaps.free(small, 0, block);
    expect(tight.heaps.allocate(small, 0, 50000)).not.toBe(0);
    expect(tight.heaps.validate(small, 0, 0), tight.heaps.corruptReason).toBe(true);
    expect(tight.heaps.allocate(small, 0, 100)).not.toBe(0);
    expect(tight.heaps.validate(small, 0, 0), tight.heaps.corruptReason).toBe(true);
  });

  it('reuse what small blocks left for larger ones before they grow', () => {
    const blocks = Array.from({ length: 20000 }, () => m.heaps.allocate(heap, 0, 48));
    const charge = m.system.commitCharge;
    for (const block of blocks) m.heaps.free(heap, 0, block);
    for (let i = 0; i < 10; i++) expect(m.heaps.allocate(heap, 0, 100000)).not.toBe(0);
    expect(m.system.commitCharge).toBeLessThanOrEqual(charge);
  });
});

describe('HeapCreate and HeapDestroy (row 51)', () => {
  it('release all memory, large blocks and all', () => {
    const charge = m.system.commitCharge;
    const other = m.heaps.create(0, 0x5000, 0);
    const blocks = [100, 50000, 900000, 900000, 3 * MIB, 4 * MIB].map((size) =>
      m.heaps.allocate(other, 0, size),
    );
    const regions = blocks.map((block) => query(m, block).allocationBase);
    expect(m.heaps.destroy(other)).toBe(true);
    for (const base of regions) expect(query(m, base).state).toBe(MEM_FREE);
    expect(m.system.commitCharge).toBe(charge);
    expect(m.heaps.list()).toEqual([heap]);
    expect(m.heaps.allocate(other, 0, 10)).toBe(0);
    expect(m.heaps.status).toBe(STATUS_INVALID_HANDLE);
  });

  it('commit the initial size rounded up to pages, one page for 0', () => {
    for (const [initial, pages] of [
      [0, 1],
      [1, 1],
      [0x1001, 2],
      [0x20000, 32],
    ]) {
      const charge = m.system.commitCharge;
      m.heaps.create(0, initial, 0);
      expect(m.system.commitCharge - charge).toBe(pages);
    }
  });

  it('refuse an initial size above the maximum, and sizes that no space has', () => {
    const charge = m.system.commitCharge;
    expect(m.heaps.create(0, 0x20000, 0x10000)).toBe(0);
    expect(m.heaps.status).toBe(STATUS_INVALID_PARAMETER);
    expect(m.heaps.create(0, 0, 2 ** 50)).toBe(0);
    expect(m.heaps.status).not.toBe(0);
    expect(m.heaps.create(0, 2 ** 42, 0)).toBe(0);
    expect(m.heaps.status).not.toBe(0);
    expect(m.system.commitCharge).toBe(charge);
    expect(m.heaps.list()).toEqual([heap]);
  });

  it('keep the list of heaps in order of age while heaps come and go', () => {
    const [a, b, c] = [0, 0, 0].map(() => m.heaps.create(0, 0, 0));
    m.heaps.destroy(b);
    const d = m.heaps.create(0, 0, 0x10000);
    expect(m.heaps.list()).toEqual([heap, a, c, d]);
  });

  it('make memory executable only when asked', () => {
    const executable = m.heaps.create(HEAP_CREATE_ENABLE_EXECUTE, 0, 0);
    for (const size of [100, 2 * MIB]) {
      expect(query(m, m.heaps.allocate(executable, 0, size)).protect).toBe(PAGE_EXECUTE_READWRITE);
      expect(query(m, m.heaps.allocate(heap, 0, size)).protect).toBe(PAGE_READWRITE);
    }
  });

  it('report to the translator when the heap writes into a frame that holds code', () => {
    const executable = m.heaps.create(HEAP_CREATE_ENABLE_EXECUTE, 0, 0);
    const blocks = Array.from({ length: 20 }, () => m.heaps.allocate(executable, 0, 500));
    const code = blocks[19];
    const frame = Math.floor((m.space.probe(code, WRITE) - FRAMES) / 4096);
    const changed: number[] = [];
    m.system.frames.setHoldsCode(frame, true);
    m.system.onCodeChange = (f) => changed.push(f);
    m.heaps.free(executable, 0, code);
    m.system.onCodeChange = undefined;
    m.system.frames.setHoldsCode(frame, false);
    expect(changed).toContain(frame);
  });

  it('raise exceptions for the heap that was created so, or the call that asks', () => {
    const raising = m.heaps.create(HEAP_GENERATE_EXCEPTIONS | HEAP_NO_SERIALIZE, 0, 0);
    m.heaps.allocate(raising, 0, 2 ** 53);
    expect(m.heaps.generatesExceptions(raising, 0)).toBe(true);
    expect(m.heaps.generatesExceptions(heap, 0)).toBe(false);
    expect(m.heaps.generatesExceptions(heap, HEAP_GENERATE_EXCEPTIONS)).toBe(true);
    expect(m.heaps.status).toBe(STATUS_NO_MEMORY);
  });
});

describe('the listener', () => {
  it('hears of each birth, resize, move and death, and of nothing that failed', () => {
    const heard: (string | number)[][] = [];
    m.heaps.listener = {
      allocated: (...a) => heard.push(['allocated', ...a]),
      resized: (...a) => heard.push(['resized', ...a]),
      freed: (...a) => heard.push(['freed', ...a]),
      destroyed: (...a) => heard.push(['destroyed', ...a]),
    };
    const other = m.heaps.create(0, 0, 0);
    const block = m.heaps.allocate(heap, 0, 5000);
    m.heaps.allocate(heap, 0, 2 ** 53);
    const wall = m.heaps.allocate(heap, 0, 8);
    m.heaps.reallocate(heap, 0, block, 4000);
    const moved = m.heaps.reallocate(heap, 0, block, 20000);
    m.heaps.free(heap, 0, moved);
    m.heaps.free(heap, 0, 0);
    m.heaps.free(heap, 0, 0x123450);
    m.heaps.destroy(other);
    expect(heard).toEqual([
      ['allocated', heap, block, 5000],
      ['allocated', heap, wall, 8],
      ['resized', heap, block, 5000, block, 4000],
      ['resized', heap, block, 4000, moved, 20000],
      ['freed', heap, moved, 20000],
      ['destroyed', other],
    ]);
  });
});

it('touches no page of a large zeroed block before the program does', () => {
  const resident = m.space.statistics.resident;
  const block = m.heaps.allocate(heap, HEAP_ZERO_MEMORY, 16 * MIB);
  expect(m.space.statistics.resident - resident).toBeLessThan(4);
  expect(m.space.probe(block + 8 * MIB, WRITE)).not.toBe(0);
});

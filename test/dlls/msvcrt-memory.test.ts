import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RAX } from '../../src/machine/cpu-state.ts';
import { MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE } from '../../src/memory/constants.ts';
import {
  STATUS_ACCESS_VIOLATION,
  STATUS_HEAP_CORRUPTION,
  STATUS_NO_MEMORY,
} from '../../src/memory/status.ts';
import { Pending } from '../../src/process/thread.ts';
import { CrtGuest } from './msvcrt-guest.ts';

const PAGE = 4096;

/** Address of an access violation: its second parameter, of two halves each. */
function faultAddress(guest: CrtGuest): number {
  const { parameters } = guest.thread.exception!;
  return parameters[2]! + parameters[3]! * 0x1_0000_0000;
}

/** Reserves memory, calls, and commits page after page as a handler would; answers the faulting addresses. */
function runOverReserved(
  guest: CrtGuest,
  size: number,
  call: (base: number) => void,
): { base: number; faults: number[] } {
  const { space } = guest.thread;
  expect(space.allocate(0, size, MEM_RESERVE, PAGE_READWRITE)).toBe(0);
  const base = space.resultBase;
  call(base);
  const faults: number[] = [];
  while (guest.pending === Pending.raise) {
    expect(guest.thread.exception?.code).toBe(STATUS_ACCESS_VIOLATION);
    const address = faultAddress(guest);
    faults.push(address - base);
    expect(space.allocate(address - (address % PAGE), PAGE, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    guest.resume();
  }
  return { base, faults };
}

describe('memset and memcpy', () => {
  it('complete over pages that a handler commits one by one', () => {
    const guest = new CrtGuest();
    const size = 100 * PAGE + 5;
    const { base, faults } = runOverReserved(guest, 101 * PAGE, (at) =>
      guest.enter('memset', [at, 0x5a, size]),
    );
    expect(faults).toEqual(Array.from({ length: 101 }, (_, i) => i * PAGE));
    expect(guest.thread.cpu.gpr(RAX)).toBe(base);
    const bytes = guest.memory.bytes(base, size + 1);
    expect(bytes.subarray(0, size).every((byte) => byte === 0x5a)).toBe(true);
    expect(bytes[size]).toBe(0);
  });

  it('take up a fault where they were: what the handler changes before it stays', () => {
    const guest = new CrtGuest();
    const size = 40 * PAGE;
    const { space } = guest.thread;
    space.allocate(0, size, MEM_RESERVE, PAGE_READWRITE);
    const base = space.resultBase;
    space.allocate(base, 32 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    guest.enter('memset', [base, 1, size]);
    expect(guest.pending).toBe(Pending.raise);
    guest.memory.setU8(base, 99);
    space.allocate(base + 32 * PAGE, 8 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    guest.resume();
    expect(guest.pending).toBe(Pending.none);
    expect(guest.memory.u8(base)).toBe(99);
    expect(guest.memory.u8(base + size - 1)).toBe(1);
  });

  it('move overlapping areas as memmove does, whatever the direction', () => {
    const guest = new CrtGuest();
    const at = guest.block(300_000);
    fc.assert(
      fc.property(fc.nat(90_000), fc.nat(90_000), fc.nat(200_000), (to, from, count) => {
        const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
        guest.memory.setBytes(at, bytes);
        guest.call('memmove', at + to, at + from, count);
        bytes.copyWithin(to, from, from + count);
        expect(Buffer.from(guest.memory.bytes(at, 300_000)).equals(bytes)).toBe(true);
      }),
      { numRuns: 30, seed: 20 },
    );
  });

  it('write nothing where part of a string does not fit', () => {
    const guest = new CrtGuest();
    const { space } = guest.thread;
    space.allocate(0, 2 * PAGE, MEM_RESERVE, PAGE_READWRITE);
    const base = space.resultBase;
    space.allocate(base, PAGE, MEM_COMMIT, PAGE_READWRITE);
    guest.enter('strcpy', [base + PAGE - 3, guest.text('hello')]);
    expect(guest.thread.exception?.code).toBe(STATUS_ACCESS_VIOLATION);
    expect(faultAddress(guest)).toBe(base + PAGE);
    expect(guest.memory.u8(base + PAGE - 3)).toBe(0);
  });
});

describe('malloc', () => {
  it('gives blocks that keep their bytes through realloc', () => {
    const guest = new CrtGuest();
    const block = guest.call('malloc', 100);
    expect(block % 16).toBe(0);
    expect(guest.int('_msize', block)).toBe(100);
    guest.call('memset', block, 7, 100);
    const moved = guest.call('realloc', block, 5000);
    expect(guest.memory.bytes(moved, 100).every((byte) => byte === 7)).toBe(true);
    guest.call('free', moved);
  });
  it('refuses what is too large, with ENOMEM', () => {
    const guest = new CrtGuest();
    expect(guest.call('malloc', 1n << 50n)).toBe(0);
    expect(guest.errno).toBe(12);
    expect(guest.call('calloc', 1n << 33n, 1n << 33n)).toBe(0);
    expect(guest.call('malloc', 0xffffffffffffffffn)).toBe(0);
  });
  it('ends the process for a block freed twice', () => {
    const guest = new CrtGuest();
    const block = guest.call('malloc', 100);
    guest.call('free', block);
    guest.enter('free', [block]);
    expect(guest.thread.exception?.code).toBe(STATUS_HEAP_CORRUPTION);
  });
  it('aligns, also at an offset', () => {
    const guest = new CrtGuest();
    const block = guest.call('_aligned_offset_malloc', 1000, 4096, 24);
    expect((block + 24) % 4096).toBe(0);
    guest.call('memset', block, 3, 1000);
    const moved = guest.call('_aligned_offset_realloc', block, 9000, 4096, 24);
    expect((moved + 24) % 4096).toBe(0);
    expect(guest.memory.bytes(moved, 1000).every((byte) => byte === 3)).toBe(true);
    guest.call('_aligned_free', moved);
  });
});

describe('qsort', () => {
  it('sorts arrays of any width with the program comparison', () => {
    const guest = new CrtGuest();
    const { memory } = guest;
    const compare = guest.callback((a, b) => memory.i32(a!) - memory.i32(b!));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 1000 }), { maxLength: 200 }),
        fc.constantFrom(4, 8, 12, 40),
        (list, width) => {
          const at = guest.block(Math.max(list.length, 1) * width);
          list.forEach((value, i) => {
            memory.fill(at + i * width, value & 255, width);
            memory.setU32(at + i * width, value);
          });
          guest.call('qsort', at, list.length, width, compare);
          const got = list.map((_, i) => memory.i32(at + i * width));
          expect(got).toEqual([...list].sort((a, b) => a - b));
          if (width > 4)
            for (const [i, value] of got.entries())
              expect(memory.u8(at + i * width + width - 1)).toBe(value & 255);
          guest.call('free', at);
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });
  it('needs no more than n log n comparisons for sorted, equal and organ-pipe input', () => {
    const guest = new CrtGuest();
    let count = 0;
    const compare = guest.callback((a, b) => {
      count++;
      return guest.memory.i32(a!) - guest.memory.i32(b!);
    });
    const n = 2000;
    for (const value of [
      (i: number) => i,
      (i: number) => n - i,
      () => 5,
      (i: number) => Math.min(i, n - i),
    ]) {
      const at = guest.block(n * 4);
      for (let i = 0; i < n; i++) guest.memory.setU32(at + i * 4, value(i));
      count = 0;
      guest.call('qsort', at, n, 4, compare);
      expect(count).toBeLessThan(4 * n * Math.log2(n));
    }
  });
  it('ends whatever the comparison answers', () => {
    const guest = new CrtGuest();
    let state = 1;
    const compare = guest.callback(() =>
      (state = (Math.imul(state, 1103515245) + 12345) >>> 0) & 0x10000 ? 1 : -1,
    );
    const at = guest.block(4000);
    for (let i = 0; i < 1000; i++) guest.memory.setU32(at + i * 4, i);
    guest.call('qsort', at, 1000, 4, compare);
    const got = Array.from({ length: 1000 }, (_, i) => guest.memory.u32(at + i * 4));
    expect(got.sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
  it('lets bsearch find what is there', () => {
    const guest = new CrtGuest();
    const compare = guest.callback((a, b) => guest.memory.i32(a!) - guest.memory.i32(b!));
    const at = guest.block(400);
    const key = guest.block(4);
    for (let i = 0; i < 100; i++) guest.memory.setU32(at + i * 4, i * 2);
    guest.memory.setU32(key, 84);
    expect(guest.call('bsearch', key, at, 100, 4, compare)).toBe(at + 42 * 4);
    guest.memory.setU32(key, 85);
    expect(guest.call('bsearch', key, at, 100, 4, compare)).toBe(0);
  });
});

describe('strings', () => {
  it('are cut into tokens', () => {
    const guest = new CrtGuest();
    const text = guest.text('  one, two;three ');
    const delimiters = guest.text(' ,;');
    const words: string[] = [];
    for (
      let at = guest.call('strtok', text, delimiters);
      at !== 0;
      at = guest.call('strtok', 0, delimiters)
    ) {
      words.push(guest.read(at, guest.int('strlen', at)));
    }
    expect(words).toEqual(['one', 'two', 'three']);
  });
  it('are found, compared and measured', () => {
    const guest = new CrtGuest();
    const text = guest.text('the quick brown fox');
    expect(guest.call('strstr', text, guest.text('quick')) - text).toBe(4);
    expect(guest.call('strstr', text, guest.text('quack'))).toBe(0);
    expect(guest.call('strrchr', text, 0x6f) - text).toBe(17);
    expect(guest.call('strpbrk', text, guest.text('xq')) - text).toBe(4);
    expect(guest.int('_stricmp', guest.text('HeLLo'), guest.text('hEllO'))).toBe(0);
    expect(guest.int('strncmp', guest.text('abcd'), guest.text('abcz'), 3)).toBe(0);
    expect(guest.int('wcscmp', guest.wide('a'), guest.wide('b'))).toBeLessThan(0);
    const long = guest.block(70_000);
    guest.memory.fill(long, 0x61, 69_999);
    guest.memory.setU8(long + 69_999, 0);
    expect(guest.int('strlen', long)).toBe(69_999);
  });
  it('go to wide characters and back where there are bytes for them', () => {
    const guest = new CrtGuest();
    const wide = guest.block(40);
    expect(guest.int('mbstowcs', wide, guest.text('caf\xe9'), 20)).toBe(4);
    expect(guest.memory.u16(wide + 6)).toBe(0xe9);
    const back = guest.block(40);
    expect(guest.int('wcstombs', back, wide, 40)).toBe(4);
    expect(guest.read(back, 5)).toBe('caf\xe9\0');
    expect(guest.int('wcstombs', back, guest.wide('\u263a'), 40)).toBe(-1);
    expect(guest.errno).toBe(42);
  });
  it('give the numbers that rand is known for', () => {
    const guest = new CrtGuest();
    expect([guest.int('rand'), guest.int('rand'), guest.int('rand')]).toEqual([41, 18467, 6334]);
  });
  it('become numbers in any base and back', () => {
    const guest = new CrtGuest();
    const to = guest.block(80);
    const text = (name: string, value: bigint, base: number) => {
      const at = guest.call(name, value, to, base);
      return guest.read(at, guest.int('strlen', at));
    };
    expect(text('_itoa', -5n, 10)).toBe('-5');
    expect(text('_itoa', -1n, 16)).toBe('ffffffff');
    expect(text('_i64toa', -(1n << 63n), 10)).toBe('-9223372036854775808');
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 64n) - 1n), fc.integer({ min: 2, max: 36 }), (value, base) => {
        expect(text('_ui64toa', value, base)).toBe(value.toString(base));
      }),
      { seed: 3 },
    );
  });
});

describe('a process without memory', () => {
  it('raises "no memory" where the runtime needs a block of its own', () => {
    const guest = new CrtGuest();
    const { space } = guest.thread;
    for (let size = 64 << 20; size >= PAGE; size = Math.floor(size / 2)) {
      while (space.allocate(0, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) === 0);
    }
    // What the heap has committed already serves small blocks until it is used up.
    while (guest.block(256) !== 0);
    guest.enter('_errno', []);
    expect(guest.pending).toBe(Pending.raise);
    expect(guest.thread.exception?.code).toBe(STATUS_NO_MEMORY);
  });
});

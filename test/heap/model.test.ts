import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HEAP_REALLOC_IN_PLACE_ONLY, HEAP_ZERO_MEMORY } from '../../src/heap/layout.ts';
import { STATUS_INVALID_PARAMETER, STATUS_NO_MEMORY } from '../../src/memory/status.ts';
import { type Machine, machine } from './support.ts';

/** What HeapAlloc and friends promise, and nothing else: which blocks live, and what is in them. */
interface Block {
  heap: number;
  size: number;
  byte: number;
}

type Step = { kind: number; heap: number; pick: number; size: number; zero: boolean };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.nat(9),
  heap: fc.nat(2),
  pick: fc.nat(10000),
  size: fc.oneof(
    { weight: 6, arbitrary: fc.nat(80) },
    { weight: 4, arbitrary: fc.nat(1200) },
    { weight: 4, arbitrary: fc.nat(20000) },
    { weight: 2, arbitrary: fc.nat(300000) },
    { weight: 1, arbitrary: fc.integer({ min: 0xfe000, max: 0x180000 }) },
  ),
  zero: fc.boolean(),
});

class Model {
  readonly m: Machine = machine(0x6000);
  readonly heaps: number[];
  readonly live = new Map<number, Block>();
  count = 0;

  constructor() {
    const { heaps } = this.m;
    this.heaps = [
      heaps.createProcessHeap(0x100000, 0x1000),
      heaps.create(0, 0, 0x40000),
      heaps.create(0, 0x2000, 0),
    ];
  }

  run(s: Step): void {
    const address = [...this.live.keys()][s.pick % Math.max(1, this.live.size)];
    if (s.kind < 5 || address === undefined) this.allocate(s);
    else if (s.kind < 8) this.free(address);
    else this.reallocate(address, s);
    for (const heap of this.heaps)
      expect(this.m.heaps.validate(heap, 0, 0), this.m.heaps.corruptReason).toBe(true);
  }

  allocate(s: Step): void {
    const heap = this.heaps[s.heap];
    const address = this.m.heaps.allocate(heap, s.zero ? HEAP_ZERO_MEMORY : 0, s.size);
    if (address === 0) return expectNoMemory(this.m, heap === this.heaps[1]);
    if (s.zero) this.expectBytes(address, 0, s.size, 0);
    this.claim(address, { heap, size: s.size, byte: this.count++ & 0xff });
  }

  free(address: number): void {
    const block = this.live.get(address)!;
    this.check(address, block);
    const stranger = this.heaps.find((heap) => heap !== block.heap)!;
    expect(this.m.heaps.free(stranger, 0, address)).toBe(false);
    expect(this.m.heaps.status).toBe(STATUS_INVALID_PARAMETER);
    expect(this.m.heaps.free(block.heap, 0, address)).toBe(true);
    expect(this.m.heaps.validate(block.heap, 0, address)).toBe(false);
    this.live.delete(address);
  }

  reallocate(address: number, s: Step): void {
    const block = this.live.get(address)!;
    this.check(address, block);
    const flags = (s.zero ? HEAP_ZERO_MEMORY : 0) | (s.pick & 1 ? HEAP_REALLOC_IN_PLACE_ONLY : 0);
    const moved = this.m.heaps.reallocate(block.heap, flags, address, s.size);
    if (moved === 0) {
      expectNoMemory(this.m, block.heap === this.heaps[1] || (s.pick & 1) === 1);
      return this.check(address, block);
    }
    if (s.pick & 1) expect(moved).toBe(address);
    this.expectBytes(moved, 0, Math.min(s.size, block.size), block.byte);
    if (s.zero) this.expectBytes(moved, block.size, s.size, 0);
    this.live.delete(address);
    this.claim(moved, { ...block, size: s.size });
  }

  /** Takes the block into the model: it overlaps no other, and is filled with a byte that its neighbours have not. */
  claim(address: number, block: Block): void {
    expect(address % 16).toBe(0);
    expect(this.m.heaps.size(block.heap, 0, address)).toBe(block.size);
    for (const [other, { size }] of this.live) {
      if (address < other + size + 16 && other < address + block.size + 16) {
        throw new Error(
          `block ${address.toString(16)} of ${block.size} overlaps ${other.toString(16)} of ${size}`,
        );
      }
    }
    this.m.memory.fill(address, block.byte, block.size);
    this.live.set(address, block);
  }

  check(address: number, block: Block): void {
    expect(this.m.heaps.size(block.heap, 0, address)).toBe(block.size);
    expect(this.m.heaps.validate(block.heap, 0, address)).toBe(true);
    this.expectBytes(address, 0, block.size, block.byte);
  }

  expectBytes(address: number, from: number, to: number, byte: number): void {
    if (from >= to) return;
    const bytes = Buffer.from(this.m.memory.bytes(address + from, to - from));
    if (bytes.equals(Buffer.alloc(bytes.length, byte))) return;
    throw new Error(`block ${address.toString(16)} does not hold ${byte} from ${from} to ${to}`);
  }

  end(): void {
    for (const [address, block] of this.live) {
      this.check(address, block);
      expect(this.m.heaps.free(block.heap, 0, address)).toBe(true);
    }
    for (const heap of this.heaps)
      expect(this.m.heaps.validate(heap, 0, 0), this.m.heaps.corruptReason).toBe(true);
    const [process, ...others] = this.heaps;
    for (const heap of others) expect(this.m.heaps.destroy(heap)).toBe(true);
    expect(this.m.heaps.list()).toEqual([process]);
    this.m.system.validate();
    this.m.space.destroy();
    expect(this.m.system.commitCharge).toBe(0);
  }
}

function expectNoMemory(m: Machine, allowed: boolean): void {
  expect(m.heaps.status.toString(16), m.heaps.corruptReason).toBe(STATUS_NO_MEMORY.toString(16));
  expect(allowed || m.system.commitCharge > m.system.commitLimit / 2).toBe(true);
}

it('random calls on three heaps keep what the documentation promises', () => {
  const runs = Number(process.env.WINMEM_MODEL_RUNS ?? 500);
  fc.assert(
    fc.property(fc.array(step, { minLength: 200, maxLength: 200 }), (steps) => {
      const model = new Model();
      for (const s of steps) model.run(s);
      model.end();
    }),
    { numRuns: runs },
  );
}, 300_000);

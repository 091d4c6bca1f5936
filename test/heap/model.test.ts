import fc from 'fast-check';
import { it } from 'vitest';
import { HEAP_REALLOC_IN_PLACE_ONLY, HEAP_ZERO_MEMORY } from '../../src/heap/layout.ts';
import { STATUS_INVALID_PARAMETER, STATUS_NO_MEMORY } from '../../src/memory/status.ts';
import { type Machine, machine } from './support.ts';

/** What HeapAlloc and friends promise, and nothing else: which blocks live, and what is in them. */
interface Block {
  heap: number;
  size: number;
  byte: number;
}

const LARGEST = 0x180000;

type Step = { kind: number; heap: number; pick: number; size: number; times: number; zero: boolean };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.nat(9),
  heap: fc.nat(2),
  pick: fc.nat(10000),
  size: fc.oneof(
    { weight: 6, arbitrary: fc.nat(80) },
    { weight: 4, arbitrary: fc.nat(1200) },
    { weight: 3, arbitrary: fc.nat(20000) },
    { weight: 1, arbitrary: fc.nat(200000) },
    { weight: 1, arbitrary: fc.integer({ min: 0xfe000, max: LARGEST }) },
  ),
  /** Small sizes are often asked for in a row: that is what the front end waits for. */
  times: fc.oneof(
    { weight: 8, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 30 }) },
  ),
  zero: fc.boolean(),
});

/** Contents to compare with: of byte 0, and of the bytes that blocks are filled with. */
const PATTERNS = Array.from({ length: 16 }, (_, byte) => Buffer.alloc(LARGEST, byte));

class Model {
  /** So little memory that it runs out now and then. */
  readonly m: Machine = machine(0x800);
  readonly heaps: number[];
  readonly live = new Map<number, Block>();
  count = 0;
  /** The heap whose block the last step freed or resized. */
  touched = 0;

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
    this.touched = this.live.get(address)?.heap ?? this.heaps[s.heap];
    const times = s.size > 3000 ? 1 : s.times;
    if (s.kind < 5 || address === undefined) for (let i = 0; i < times; i++) this.allocate(s);
    else if (s.kind < 8) this.free(address);
    else this.reallocate(address, s);
    for (const heap of new Set([this.heaps[s.heap], this.touched]))
      must(this.m.heaps.validate(heap, 0, 0), this.m.heaps.corruptReason);
  }

  allocate(s: Step): void {
    const heap = this.heaps[s.heap];
    const address = this.m.heaps.allocate(heap, s.zero ? HEAP_ZERO_MEMORY : 0, s.size);
    if (address === 0) {
      expectNoMemory(this.m, heap === this.heaps[1]);
      return;
    }
    if (s.zero) this.expectBytes(address, 0, s.size, 0);
    this.claim(address, { heap, size: s.size, byte: (this.count++ % 15) + 1 });
  }

  free(address: number): void {
    const block = this.live.get(address)!;
    this.check(address, block);
    const stranger = this.heaps.find((heap) => heap !== block.heap)!;
    must(!this.m.heaps.free(stranger, 0, address));
    must(this.m.heaps.status === STATUS_INVALID_PARAMETER);
    must(this.m.heaps.free(block.heap, 0, address));
    must(!this.m.heaps.validate(block.heap, 0, address));
    this.live.delete(address);
  }

  reallocate(address: number, s: Step): void {
    const block = this.live.get(address)!;
    this.check(address, block);
    const flags = (s.zero ? HEAP_ZERO_MEMORY : 0) | (s.pick & 1 ? HEAP_REALLOC_IN_PLACE_ONLY : 0);
    const moved = this.m.heaps.reallocate(block.heap, flags, address, s.size);
    if (moved === 0) {
      expectNoMemory(this.m, block.heap === this.heaps[1] || (s.pick & 1) === 1);
      this.check(address, block);
      return;
    }
    if (s.pick & 1) must(moved === address);
    this.expectBytes(moved, 0, Math.min(s.size, block.size), block.byte);
    if (s.zero) this.expectBytes(moved, block.size, s.size, 0);
    this.live.delete(address);
    this.claim(moved, { ...block, size: s.size });
  }

  /** Takes the block into the model: it overlaps no other, and is filled with a byte that its neighbours have not. */
  claim(address: number, block: Block): void {
    must(address % 16 === 0);
    must(this.m.heaps.size(block.heap, 0, address) === block.size);
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
    must(this.m.heaps.size(block.heap, 0, address) === block.size);
    must(this.m.heaps.validate(block.heap, 0, address));
    this.expectBytes(address, 0, block.size, block.byte);
  }

  expectBytes(address: number, from: number, to: number, byte: number): void {
    if (from >= to) return;
    const bytes = this.m.memory.bytes(address + from, to - from);
    if (PATTERNS[byte].compare(bytes, 0, bytes.length, 0, bytes.length) === 0) return;
    throw new Error(`block ${address.toString(16)} does not hold ${byte} from ${from} to ${to}`);
  }

  end(): void {
    for (const [address, block] of this.live) {
      this.check(address, block);
      must(this.m.heaps.free(block.heap, 0, address));
    }
    for (const heap of this.heaps) must(this.m.heaps.validate(heap, 0, 0), this.m.heaps.corruptReason);
    const [process, ...others] = this.heaps;
    for (const heap of others) must(this.m.heaps.destroy(heap));
    must(this.m.heaps.list().join() === String(process));
    this.m.system.validate();
    this.m.space.destroy();
    must(this.m.system.commitCharge === 0);
  }
}

/** expect() a million times would take most of the run. */
function must(holds: boolean, why = 'not as documented'): void {
  if (!holds) throw new Error(why);
}

function expectNoMemory(m: Machine, allowed: boolean): void {
  must(m.heaps.status === STATUS_NO_MEMORY, m.heaps.corruptReason);
  must(allowed || m.system.commitCharge > m.system.commitLimit / 2);
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
}, 900_000);

/**
 * Cost of HeapAlloc + HeapFree from TypeScript, in nanoseconds a pair, with 100 and with 1,000,000 live blocks.
 * "same": a block is freed at once. "random": a random live block is freed and another one takes its place; the
 * addresses of the blocks lie in the order in which they are freed, so that what is counted is the heap's alone.
 * Best of a hundred short rounds, so that the machine's other work does not count.
 * Run: npx esbuild bench/heap-scale.ts --bundle --format=esm --platform=node | node --input-type=module
 */
import { HeapManager } from '../src/heap/heap-manager.ts';
import { Ram } from '../src/machine/ram.ts';
import { GuestMemory } from '../src/memory/guest-memory.ts';
import { MemorySystem } from '../src/memory/system.ts';

const PAIRS = 20_000;
const ROUNDS = 100;
const MANY = 1_000_000;

/** The fastest of some rounds: what else the machine does only makes them slower. */
function nanoseconds(operations: number, rounds: number, work: (count: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    work(operations);
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1e6) / operations;
}

/** Repeatable random 32-bit integers, made beforehand. */
const NOISE = new Uint32Array(0x400000);
for (let i = 0, x = 88172645; i < NOISE.length; i++) {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  NOISE[i] = x;
}

function shuffle(numbers: Float64Array): void {
  for (let i = numbers.length - 1; i > 0; i--) {
    const other = NOISE[i & 0x3fffff] % (i + 1);
    const number = numbers[i];
    numbers[i] = numbers[other];
    numbers[other] = number;
  }
}

interface Row {
  build: number;
  same: number;
  random: number;
  destroy: number;
}

const sizeFrom = (noise: number, smallest: number, largest: number) =>
  smallest + (noise % (largest - smallest + 1));

function measure(live: number, smallest: number, largest: number): Row {
  const system = new MemorySystem(new Ram(), { frames: 0x80000 });
  const space = system.createSpace();
  const heaps = new HeapManager(space, new GuestMemory(space));
  const heap = heaps.createProcessHeap(0x100000, 0x1000);
  const blocks = new Float64Array(live);
  let from = 0;
  const build = nanoseconds(live, 1, (count) => {
    for (let i = 0; i < count; i++)
      blocks[i] = heaps.allocate(heap, 0, sizeFrom(NOISE[i & 0x3fffff], smallest, largest));
  });
  const same = nanoseconds(PAIRS, ROUNDS, (count) => {
    for (let i = 0; i < count; i++) {
      const size = sizeFrom(NOISE[(from + i) & 0x3fffff], smallest, largest);
      heaps.free(heap, 0, heaps.allocate(heap, 0, size));
    }
    from += count;
  });
  shuffle(blocks);
  const random = nanoseconds(PAIRS, ROUNDS, (count) => {
    for (let i = 0; i < count; i++) {
      const at = (from + i) % live;
      heaps.free(heap, 0, blocks[at]);
      blocks[at] = heaps.allocate(heap, 0, sizeFrom(NOISE[(from + i) & 0x3fffff] >>> 8, smallest, largest));
    }
    from += count;
  });
  if (blocks.includes(0) || !heaps.validate(heap, 0, 0))
    throw new Error(`the heap is not in order: ${heaps.corruptReason}`);
  const destroy = nanoseconds(live, 1, (count) => {
    for (let i = 0; i < count; i++) heaps.free(heap, 0, blocks[i]);
  });
  space.destroy();
  return { build, same, random, destroy };
}

const ranges = [
  [48, 48],
  [1, 256],
  [1, 1500],
];
for (const [smallest, largest] of ranges) {
  measure(100, smallest, largest);
  const few = measure(100, smallest, largest);
  const many = measure(MANY, smallest, largest);
  const show = (name: string, one: number, other: number) =>
    `${name} ${one.toFixed(0)} and ${other.toFixed(0)} (${(other / one).toFixed(2)}x)`;
  console.log(
    `${smallest} to ${largest} bytes, ns a pair with 100 and 1,000,000 live blocks: ` +
      `${show('same', few.same, many.same)}, ${show('random', few.random, many.random)}; ` +
      `ns a block of 1,000,000: made ${many.build.toFixed(0)}, freed ${many.destroy.toFixed(0)}`,
  );
}

/**
 * Cost of HeapAlloc + HeapFree from TypeScript, in nanoseconds a pair, with 100 and with 1,000,000 live blocks.
 * "same": a block is freed at once. "random": a random live block is freed and another one takes its place.
 * Run: npx esbuild bench/heap-scale.ts --bundle --format=esm --platform=node | node --input-type=module
 */
import { HeapManager } from '../src/heap/heap-manager.ts';
import { Ram } from '../src/machine/ram.ts';
import { GuestMemory } from '../src/memory/guest-memory.ts';
import { MemorySystem } from '../src/memory/system.ts';

const PAIRS = 1_000_000;
const MANY = 1_000_000;

function nanoseconds(operations: number, work: () => void): number {
  const start = performance.now();
  work();
  return ((performance.now() - start) * 1e6) / operations;
}

/** Repeatable random integers below n (xorshift). */
function random(seed: number): (n: number) => number {
  let x = seed;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

interface Row {
  live: number;
  sizes: string;
  build: number;
  same: number;
  random: number;
}

function measure(live: number, smallest: number, largest: number): Row {
  const system = new MemorySystem(new Ram(), { frames: 0x80000 });
  const space = system.createSpace();
  const heaps = new HeapManager(space, new GuestMemory(space));
  const heap = heaps.createProcessHeap(0x100000, 0x1000);
  const next = random(88172645);
  const size = () => smallest + next(largest - smallest + 1);
  const blocks = new Float64Array(live);
  const replace = (count: number) => {
    for (let i = 0; i < count; i++) {
      const at = next(live);
      heaps.free(heap, 0, blocks[at]);
      blocks[at] = heaps.allocate(heap, 0, size());
    }
  };
  const same = (count: number) => {
    for (let i = 0; i < count; i++) heaps.free(heap, 0, heaps.allocate(heap, 0, size()));
  };
  const build = nanoseconds(live, () => {
    for (let i = 0; i < live; i++) blocks[i] = heaps.allocate(heap, 0, size());
  });
  replace(PAIRS / 10);
  same(PAIRS / 10);
  const row = {
    live,
    sizes: `${smallest} to ${largest}`,
    build,
    same: nanoseconds(PAIRS, () => same(PAIRS)),
    random: nanoseconds(PAIRS, () => replace(PAIRS)),
  };
  if (blocks.includes(0) || !heaps.validate(heap, 0, 0))
    throw new Error(`the heap is not in order: ${heaps.corruptReason}`);
  return row;
}

const ranges = [
  [48, 48],
  [1, 256],
  [1, 1500],
];
for (const [smallest, largest] of ranges) {
  measure(100, smallest, largest);
  const rows = [measure(100, smallest, largest), measure(MANY, smallest, largest)];
  for (const row of rows) {
    const { live, sizes, build, same, random } = row;
    console.log(
      `${sizes} bytes, ${live} live: build ${build.toFixed(0)} ns a block, same ${same.toFixed(0)} ns, random ${random.toFixed(0)} ns a pair`,
    );
  }
  const ratio = (a: number, b: number) => (b / a).toFixed(2);
  console.log(
    `  ratio: same ${ratio(rows[0].same, rows[1].same)}, random ${ratio(rows[0].random, rows[1].random)}`,
  );
}

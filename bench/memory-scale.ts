/**
 * How the memory manager scales: nanoseconds per call with 100 and with 100,000 regions, and a 64 TiB
 * reservation with 1,000 scattered commits. Run: npm run bench:memory, or bundle this file and run it.
 */
import { Ram } from '../src/machine/ram.ts';
import { MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READONLY, PAGE_READWRITE, WRITE } from '../src/memory/constants.ts';
import { GuestMemory } from '../src/memory/guest-memory.ts';
import type { AddressSpace, MemoryInfo } from '../src/memory/space.ts';
import { MemorySystem } from '../src/memory/system.ts';

const ram = new Ram();
const FRAMES = 400_000;
const info: MemoryInfo = {
  baseAddress: 0,
  allocationBase: 0,
  allocationProtect: 0,
  regionSize: 0,
  state: 0,
  protect: 0,
  type: 0,
};

function must(status: number): void {
  if (status !== 0) throw new Error(`status 0x${status.toString(16)}`);
}

/** The same numbers in the same order in every run. */
function randomOf(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

interface Cost {
  allocate: number;
  query: number;
  protect: number;
  free: number;
}

/** Best of five rounds of calls on random ones of `count` regions; each region has one touched page. */
function measure(count: number): Cost {
  const space = new MemorySystem(ram, { frames: FRAMES }).createSpace();
  const bases: number[] = [];
  for (let i = 0; i < count; i++) {
    must(space.allocate(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    bases.push(space.resultBase);
    if (i < FRAMES / 2) space.probe(space.resultBase, WRITE);
  }
  const best: Cost = { allocate: Infinity, query: Infinity, protect: Infinity, free: Infinity };
  for (let round = 0; round < 5; round++) {
    const cost = measureRound(space, bases, randomOf(round + 1));
    for (const key of Object.keys(best) as (keyof Cost)[]) best[key] = Math.min(best[key], cost[key]);
  }
  space.destroy();
  return best;
}

const CALLS = 50_000;

function measureRound(space: AddressSpace, bases: number[], random: (below: number) => number): Cost {
  const time = (operation: () => void): number => {
    const start = performance.now();
    operation();
    return ((performance.now() - start) * 1e6) / CALLS;
  };
  const picks = Array.from({ length: CALLS }, () => random(bases.length));
  const query = time(() => {
    for (const pick of picks) must(space.query(bases[pick]!, info));
  });
  const protect = time(() => {
    for (let i = 0; i < CALLS; i++)
      must(space.protect(bases[picks[i]!]!, 0x1000, (i & 1) === 0 ? PAGE_READONLY : PAGE_READWRITE));
  });
  // Frees a few random regions and allocates as many, so that their number stays.
  let free = 0;
  let allocate = 0;
  for (let done = 0; done < CALLS; done += 50) {
    const chosen = new Set<number>();
    while (chosen.size < 50) chosen.add(random(bases.length));
    free += time(() => {
      for (const index of chosen) must(space.free(bases[index]!, 0, MEM_RELEASE));
    });
    allocate += time(() => {
      for (const index of chosen) {
        must(space.allocate(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
        bases[index] = space.resultBase;
      }
    });
    for (const index of chosen) space.probe(bases[index]!, WRITE);
  }
  return { allocate, query, protect, free };
}

function hugeReservation(): { milliseconds: number; runs: number; megabytes: number } {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const space = new MemorySystem(ram, { frames: FRAMES }).createSpace();
  const before = used();
  const size = 64 * 2 ** 40;
  must(space.allocate(0, size, MEM_RESERVE, PAGE_READWRITE));
  const base = space.resultBase;
  const random = randomOf(42);
  for (let i = 0; i < 1000; i++)
    must(space.allocate(base + random(size / 0x1000) * 0x1000, 0x1000, MEM_COMMIT, PAGE_READWRITE));
  gc?.();
  const megabytes = (used() - before) / 2 ** 20;
  const start = performance.now();
  let runs = 0;
  for (let at = 0; space.query(at, info) === 0; at = info.baseAddress + info.regionSize) runs++;
  return { milliseconds: performance.now() - start, runs, megabytes };
}

function accessors(): { read: number; write: number; fault: number; cycle: number } {
  const space = new MemorySystem(ram, { frames: FRAMES }).createSpace();
  const memory = new GuestMemory(space);
  must(space.allocate(0, 0x40000000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
  const base = space.resultBase;
  const per = (count: number, operation: (i: number) => void): number => {
    const start = performance.now();
    for (let i = 0; i < count; i++) operation(i);
    return ((performance.now() - start) * 1e6) / count;
  };
  let sum = 0;
  const read = (i: number): void => {
    sum += memory.u32(base + ((i * 4) & 0xffff));
  };
  const write = (i: number): void => memory.setU32(base + ((i * 4) & 0xffff), i);
  per(1e6, read);
  per(1e6, write);
  const fault = per(100_000, (i) => memory.setU8(base + 0x100000 + i * 0x1000, 1));
  const cycle = (): void => {
    must(space.allocate(0, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    memory.setU8(space.resultBase, 1);
    must(space.free(space.resultBase, 0, MEM_RELEASE));
  };
  per(10_000, cycle);
  const costs = { read: per(5e6, read), write: per(5e6, write), fault, cycle: per(100_000, cycle) };
  if (sum < 0) throw new Error('the sum is used');
  return costs;
}

// Once to warm up: the first regions of a process are not what is measured.
measure(100);
const few = measure(100);
const many = measure(100_000);
console.log('| ns per call | 100 regions | 100,000 regions | ratio |\n|---|---|---|---|');
for (const key of Object.keys(few) as (keyof Cost)[])
  console.log(
    `| ${key} | ${few[key].toFixed(0)} | ${many[key].toFixed(0)} | ${(many[key] / few[key]).toFixed(2)} |`,
  );
const huge = hugeReservation();
console.log(
  `\n64 TiB with 1,000 commits: ${huge.runs} runs queried in ${huge.milliseconds.toFixed(1)} ms, ${huge.megabytes.toFixed(1)} MB of host memory`,
);
const access = accessors();
console.log(
  `accessors: read ${access.read.toFixed(1)} ns, write ${access.write.toFixed(1)} ns, first touch ${access.fault.toFixed(0)} ns, allocate+touch+free ${access.cycle.toFixed(0)} ns`,
);

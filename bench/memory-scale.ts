/**
 * How the memory manager scales: nanoseconds per call with 100 and with 100,000 regions, and a 64 TiB
 * reservation with 1,000 scattered commits. Run:
 *
 *     npx esbuild bench/memory-scale.ts --bundle --platform=node --format=esm --outfile=.cache/memory-scale.mjs
 *     node --expose-gc .cache/memory-scale.mjs
 */
import { Ram } from '../src/machine/ram.ts';
import {
  MEM_COMMIT,
  MEM_RELEASE,
  MEM_RESERVE,
  PAGE_READONLY,
  PAGE_READWRITE,
  WRITE,
} from '../src/memory/constants.ts';
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

const CALLS = 20_000;
const ROUNDS = 30;
const KINDS = ['allocate', 'query', 'protect', 'free'] as const;
type Cost = Record<(typeof KINDS)[number], number>;

/** Nanoseconds of processor time per call: other programs on the machine count less than with a clock. */
function time(calls: number, operation: () => void): number {
  const start = process.cpuUsage();
  operation();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1e3) / calls;
}

/** An address space with `count` regions of two pages, each with one page touched. */
function crowded(count: number): { space: AddressSpace; bases: number[] } {
  const space = new MemorySystem(ram, { frames: FRAMES }).createSpace();
  const bases: number[] = [];
  for (let i = 0; i < count; i++) bases.push(makeRegion(space));
  return { space, bases };
}

function makeRegion(space: AddressSpace): number {
  must(space.allocate(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
  const base = space.resultBase;
  space.probe(base, WRITE);
  return base;
}

/** The best of some rounds on `group` regions at a time, which `choose` picks among all of them. */
function measure(count: number, group: number, choose: (round: number, count: number) => number[]): Cost {
  const { space, bases } = crowded(count);
  const best: Cost = { allocate: Infinity, query: Infinity, protect: Infinity, free: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    const sum: Cost = { allocate: 0, query: 0, protect: 0, free: 0 };
    for (let done = 0; done < CALLS; done += group) {
      const chosen = choose(round * CALLS + done, count);
      const at = chosen.map((index) => bases[index]!);
      sum.query += time(CALLS, () => {
        for (const base of at) must(space.query(base, info));
      });
      sum.protect += time(CALLS, () => {
        for (const base of at) must(space.protect(base, 0x1000, PAGE_READONLY));
      });
      sum.free += time(CALLS, () => {
        for (const base of at) must(space.free(base, 0, MEM_RELEASE));
      });
      sum.allocate += time(CALLS, () => {
        for (let i = 0; i < at.length; i++) {
          must(space.allocate(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
          at[i] = space.resultBase;
        }
      });
      for (const [i, index] of chosen.entries()) {
        bases[index] = at[i]!;
        space.probe(at[i]!, WRITE);
      }
    }
    for (const kind of KINDS) best[kind] = Math.min(best[kind], sum[kind]);
  }
  space.destroy();
  return best;
}

const GROUP = 50;
/** Regions that were made one after the other, as a program uses them. */
function neighbours(step: number, count: number): number[] {
  return Array.from({ length: GROUP }, (_, i) => (step + i) % count);
}
/** Regions anywhere: with many of them, each call finds nothing in the processor's caches. */
function scattered(step: number, count: number): number[] {
  const random = randomOf(step + 1);
  const chosen = new Set<number>();
  while (chosen.size < GROUP) chosen.add(random(count));
  return [...chosen];
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
  const start = process.cpuUsage();
  let runs = 0;
  for (let at = 0; space.query(at, info) === 0; at = info.baseAddress + info.regionSize) runs++;
  const { user, system } = process.cpuUsage(start);
  return { milliseconds: (user + system) / 1e3, runs, megabytes };
}

function accessors(): { read: number; write: number; fault: number; cycle: number } {
  const space = new MemorySystem(ram, { frames: FRAMES }).createSpace();
  const memory = new GuestMemory(space);
  must(space.allocate(0, 0x40000000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
  const base = space.resultBase;
  const per = (count: number, operation: (i: number) => void): number =>
    time(count, () => {
      for (let i = 0; i < count; i++) operation(i);
    });
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
measure(100, GROUP, neighbours);
for (const [name, choose] of [
  ['neighbouring regions', neighbours],
  ['regions at random', scattered],
] as const) {
  const few = measure(100, GROUP, choose);
  const many = measure(100_000, GROUP, choose);
  console.log(`| ns per call, ${name} | of 100 | of 100,000 | ratio |\n|---|---|---|---|`);
  for (const kind of KINDS)
    console.log(
      `| ${kind} | ${few[kind].toFixed(0)} | ${many[kind].toFixed(0)} | ${(many[kind] / few[kind]).toFixed(2)} |`,
    );
  console.log();
}
const huge = hugeReservation();
console.log(
  `64 TiB with 1,000 commits: ${huge.runs} runs queried in ${huge.milliseconds.toFixed(1)} ms, ${huge.megabytes.toFixed(1)} MB of host memory`,
);
const access = accessors();
console.log(
  `accessors: read ${access.read.toFixed(1)} ns, write ${access.write.toFixed(1)} ns, first touch ${access.fault.toFixed(0)} ns, allocate+touch+free ${access.cycle.toFixed(0)} ns`,
);

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameKind, FrameState, Frames, NO_FRAME } from '../../src/machine/frames.ts';
import { FRAMES, MAX_FRAMES } from '../../src/machine/layout.ts';
import { homeOf, MOST_SPARE, NOWHERE } from '../../src/machine/placement.ts';
import { Ram } from '../../src/machine/ram.ts';
import { MEM_PRIVATE } from '../../src/memory/constants.ts';
import { HomePages } from '../../src/memory/home-pages.ts';
import { ENTRY_WORDS, PageTable } from '../../src/memory/page-table.ts';
import { RegionTree } from '../../src/memory/region-tree.ts';
import { Region } from '../../src/memory/regions.ts';
import { bench, wipe } from './support.ts';

const ram = new Ram();

describe('the page table', () => {
  test('holds entries anywhere in 47 bits, and leaves go with their last entry', () => {
    const table = new PageTable();
    const shadow = new Map<number, number>();
    const pages = fc.oneof(fc.integer({ min: 0, max: 2 ** 35 - 1 }), fc.integer({ min: 0, max: 5000 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(pages, fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 50 }),
        (changes) => {
          for (const [page, flags] of changes) {
            table.set(page, flags, page % 1000);
            if (flags === 0) shadow.delete(page);
            else shadow.set(page, flags);
            expect(table.flags(page)).toBe(flags);
          }
          expect(table.validate()).toBe(shadow.size);
          const seen: number[] = [];
          table.forEachLeaf(0, 2 ** 35, (page, at, count) => {
            for (let i = 0; i < count; i++) if (table.words[at + i * ENTRY_WORDS] !== 0) seen.push(page + i);
          });
          expect(seen).toEqual([...shadow.keys()].sort((a, b) => a - b));
          for (const page of shadow.keys()) expect(table.frame(page)).toBe(page % 1000);
        },
      ),
      { numRuns: 100 },
    );
    for (const page of shadow.keys()) table.set(page, 0, 0);
    expect([table.validate(), table.leafCount]).toEqual([0, 0]);
  });

  test('visits only the span asked for, and finds the next leaf across empty terabytes', () => {
    const table = new PageTable();
    for (const page of [3, 511, 512, 2 ** 34]) table.set(page, 1, 0);
    const spans: number[][] = [];
    table.forEachLeaf(4, 513, (page, _, count) => spans.push([page, count]));
    expect(spans).toEqual([
      [4, 508],
      [512, 1],
    ]);
    expect(table.nextLeaf(2, 2 ** 26)).toBe(2 ** 25);
    expect(table.nextLeaf(2 ** 25 + 1, 2 ** 26)).toBe(2 ** 26);
    expect(table.nextLeaf(2, 100)).toBe(100);
  });
});

describe('the pages known to be at home', () => {
  const ramPageOf = (page: number) => FRAMES / 4096 + homeOf(page);
  /** Few places, some of them 4 GiB apart, so that they meet. */
  const page = fc
    .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 500, max: 530 }), fc.constantFrom(0, 2 ** 34))
    .map(([lap, place, base]) => base + lap * 0x10_0000 + place);

  test('are found until they are dropped, and no others', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ add: page, aside: fc.boolean() }),
            fc.record({ drop: page, count: fc.constantFrom(1, 3, 511, 512, 2 ** 21) }),
          ),
          { maxLength: 60 },
        ),
        (changes) => {
          const homes = new HomePages();
          const known = new Set<number>();
          for (const change of changes) {
            if ('add' in change) {
              homes.add(change.add * 4096, ramPageOf(change.add) + (change.aside ? 1 : 0));
              if (!change.aside) known.add(change.add);
              if (!change.aside) expect(homes.find(change.add * 4096 + 4095)).toBe(ramPageOf(change.add));
            } else {
              homes.drop(change.drop, change.count);
              for (const each of known)
                if (each >= change.drop && each < change.drop + change.count) known.delete(each);
            }
            for (let lap = 0; lap < 3; lap++) {
              for (let place = 500; place <= 530; place++) {
                for (const base of [0, 2 ** 34]) {
                  const each = base + lap * 0x10_0000 + place;
                  const found = homes.find(each * 4096);
                  if (found !== 0)
                    expect([each, known.has(each), found]).toEqual([each, true, ramPageOf(each)]);
                }
              }
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('are none for addresses that no program can have', () => {
    const homes = new HomePages();
    for (const address of [-1, -4096, -(2 ** 40), 2 ** 47, 2 ** 64, Number.NaN, Number.POSITIVE_INFINITY])
      expect([address, homes.find(address)]).toEqual([address, 0]);
  });
});

describe('the region tree', () => {
  const { space } = bench(16);
  const region = (start: number, pages: number): Region =>
    new Region(space, start, start + pages, MEM_PRIVATE, 1, 1);

  /** The simple way: look at all regions in order. */
  function gaps(regions: Region[], end: number): [number, number][] {
    const result: [number, number][] = [];
    let from = 16;
    for (const r of [...regions, undefined]) {
      result.push([Math.ceil(from / 16) * 16, r?.start ?? end]);
      if (r !== undefined) from = r.end;
    }
    return result;
  }

  test('finds regions, neighbours and room as looking at all of them does', () => {
    const step = fc.record({
      add: fc.boolean(),
      granule: fc.integer({ min: 1, max: 3000 }),
      pages: fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 300 })),
      end: fc.integer({ min: 100, max: 50_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 300, maxLength: 800, size: 'max' }), (steps) => {
        const tree = new RegionTree(16);
        let all: Region[] = [];
        for (const { add, granule, pages, end } of steps) {
          const start = granule * 16;
          const blocked = all.some((r) => r.start < start + pages && r.end > start);
          expect(tree.overlaps(start, start + pages)).toBe(blocked);
          if (!blocked && (add || all.length < 200)) {
            const made = region(start, pages);
            tree.insert(made);
            all = [...all, made].sort((a, b) => a.start - b.start);
          } else if (all.length > 0) {
            const [gone] = all.splice(granule % all.length, 1);
            tree.remove(gone!.start);
          }
          expect(tree.find(start)).toBe(all.find((r) => r.start <= start && r.end > start));
          expect(tree.above(start)).toBe(all.find((r) => r.start > start));
          const fits = gaps(all, end).filter(([a, b]) => a + pages <= Math.min(b, end));
          expect(tree.fitLow(pages, end)).toBe(fits[0]?.[0] ?? -1);
          const last = fits.at(-1);
          expect(tree.fitHigh(pages, end)).toBe(
            last === undefined ? -1 : Math.floor((Math.min(last[1], end) - pages) / 16) * 16,
          );
        }
        tree.validate();
        expect([...tree]).toEqual(all);
      }),
      { numRuns: 20 },
    );
  });

  test('stays right while thousands of regions come and go', () => {
    const tree = new RegionTree(16);
    const made: Region[] = [];
    for (let i = 0; i < 5000; i++) {
      made.push(region(tree.fitLow(16, 2 ** 35), 16));
      tree.insert(made.at(-1)!);
    }
    tree.validate();
    for (let i = 0; i < 5000; i += 2) tree.remove(made[i]!.start);
    tree.validate();
    expect(tree.fitLow(16, 2 ** 35)).toBe(16);
    expect(tree.fitLow(17, 2 ** 35)).toBe(made.at(-1)!.end);
    for (let i = 4999; i > 0; i -= 2) tree.remove(made[i]!.start);
    tree.validate();
    expect([tree.count, tree.first]).toEqual([0, undefined]);
  });

  test.each([
    ['a region comes', (tree: RegionTree) => tree.insert(region(16, 16))],
    ['a region goes', (tree: RegionTree) => tree.remove(32)],
  ])('takes a region where there was room, though %s in between', (_, change) => {
    const tree = new RegionTree(16);
    for (const granule of [2, 3, 6]) tree.insert(region(16 * granule, 16));
    expect(tree.fitLow(32, 2 ** 35)).toBe(64);
    change(tree);
    tree.insert(region(64, 32));
    tree.validate();
  });

  test('stays right while regions fill the gaps that others left', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1999), { minLength: 1, maxLength: 300 }), (numbers) => {
        const tree = new RegionTree(16);
        const all = new Map<number, Region>();
        const fill = (pages: number): void => {
          const made = region(tree.fitLow(pages, 2 ** 35), pages);
          tree.insert(made);
          all.set(made.start, made);
        };
        for (let i = 0; i < 600; i++) fill(16 * (1 + (i % 3)));
        for (const number of numbers) {
          const gone = [...all.keys()][number % all.size]!;
          tree.remove(gone);
          all.delete(gone);
          if (number % 3 === 0) continue;
          fill(1 + (number % 48));
          tree.validate();
        }
        expect([...tree]).toEqual([...all.values()].sort((a, b) => a.start - b.start));
      }),
      { numRuns: 20 },
    );
  });
});

test('the runs of a region split and join as its pages differ', () => {
  const { space } = bench(16);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(63), fc.nat(64), fc.nat(3)), { minLength: 1, maxLength: 40 }),
      (changes) => {
        const region = new Region(space, 100, 164, MEM_PRIVATE, 1, 7);
        const shadow: number[] = new Array(64).fill(7);
        for (const [from, length, flags] of changes) {
          const to = Math.min(64, from + length);
          if (from >= to) continue;
          region.changePlain(100 + from, 100 + to, (old) => old ^ flags);
          for (let i = from; i < to; i++) shadow[i] = shadow[i]! ^ flags;
          for (let i = 0; i < 64; i++) {
            expect(region.plain(100 + i)).toBe(shadow[i]);
            let end = i + 1;
            while (end < 64 && shadow[end] === shadow[i]) end++;
            expect(region.plainEnd(100 + i)).toBe(100 + end);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

let last: Frames | undefined;

function newFrames(count: number): Frames {
  if (last !== undefined) wipe(last);
  last = new Frames(ram, count);
  return last;
}

describe('frames', () => {
  test('are given out zeroed when asked, freed ones first, and no more than there are', () => {
    const frames = newFrames(3);
    const [a, b, c] = [0, 1, 2].map((page) => frames.take(true, FrameKind.private, 7, page + 2 ** 34, page));
    expect(frames.take(true, FrameKind.private, 7, 0, 0)).toBe(NO_FRAME);
    expect([frames.inUse, frames.available]).toEqual([3, 0]);
    expect([frames.owner(b!), frames.page(b!), frames.kind(b!), frames.state(b!)]).toEqual([
      7,
      2 ** 34 + 1,
      FrameKind.private,
      FrameState.active,
    ]);
    expect([a!, b!, c!].map((frame) => frames.references(frame))).toEqual([1, 1, 1]);
    frames.bytes(b!).fill(0xff);
    expect(frames.dropReference(b!)).toBe(0);
    frames.free(b!);
    expect([frames.inUse, frames.state(b!)]).toEqual([2, FrameState.free]);
    expect(frames.take(true, FrameKind.shared, 1, 1, NOWHERE)).toBe(b);
    expect(frames.bytes(b!).every((byte) => byte === 0)).toBe(true);
    expect(frames.frameAt(frames.offset(c!) + 4095)).toBe(c);
  });

  test('are at home where they can be: at the low half of the address that shows them', () => {
    const frames = newFrames(0x10000);
    const take = (page: number) => frames.take(true, FrameKind.private, 7, page, page);
    expect([take(0x140), take(0x7_ff81_2345)]).toEqual([0x140, 0x1_2345]);
    const taken = take(0x10_0140);
    expect(taken).not.toBe(0x140);
    frames.free(0x140);
    expect(take(0x20_0140)).toBe(0x140);
    expect(take(0xf_ffff)).toBeLessThan(MAX_FRAMES);
    frames.validate([0x140, 0x1_2345, taken, frames.frameAt(FRAMES + (MAX_FRAMES - 2) * 4096)]);
  });

  test('are freed ones once so many are spare, wherever a page would be at home', () => {
    const frames = newFrames(MAX_FRAMES);
    const take = (page: number) => frames.take(false, FrameKind.private, 7, page, page);
    const made = Array.from({ length: MOST_SPARE }, (_, page) => take(page));
    for (const frame of made.slice(1)) frames.free(frame);
    expect(take(0x8_0000)).toBe(0x8_0000);
    frames.free(0x8_0000);
    frames.free(0);
    const last = take(0x9_0000);
    expect([last, frames.inUse]).toEqual([0, 1]);
    frames.validate([last]);
  });

  test('that nobody maps rest on standby or modified, oldest first', () => {
    const frames = newFrames(8);
    const made = [0, 1, 2].map((page) => {
      const frame = frames.take(true, FrameKind.shared, 1, page, NOWHERE);
      frames.setRefillable(frame);
      return frame;
    });
    expect([frames.standbyCount, frames.available, frames.oldest(false)]).toEqual([3, 8, made[0]]);
    frames.addReference(made[0]!);
    expect([frames.standbyCount, frames.oldest(false), frames.state(made[0]!)]).toEqual([
      2,
      made[1],
      FrameState.active,
    ]);
    frames.setDirty(made[1]!, true);
    expect([frames.standbyCount, frames.modifiedCount, frames.oldest(true)]).toEqual([1, 1, made[1]]);
    frames.dropReference(made[0]!);
    expect(frames.oldest(false)).toBe(made[2]);
    frames.rest(made[2]!);
    expect(frames.oldest(false)).toBe(made[0]);
    frames.setDirty(made[1]!, false);
    expect(frames.modifiedCount).toBe(0);
    frames.addLock(made[2]!);
    expect([frames.locks(made[2]!), frames.references(made[2]!)]).toEqual([1, 2]);
    frames.dropLock(made[2]!);
    frames.validate(made);
  });

  test('cannot be fewer than one or more than fit', () => {
    for (const count of [0, -1, 1.5, 2 ** 21]) expect(() => new Frames(ram, count)).toThrow(RangeError);
  });
});

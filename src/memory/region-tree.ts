import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import { NODE, Nodes, nodeOf, WIDTH } from './region-nodes.ts';
import type { Region } from './regions.ts';

const GRANULE_PAGES = GRANULE / PAGE_SIZE;

/** Rounds a page number up to where a reservation may begin. */
export function granuleUp(page: number): number {
  return Math.ceil(page / GRANULE_PAGES) * GRANULE_PAGES;
}
export function granuleDown(page: number): number {
  return Math.floor(page / GRANULE_PAGES) * GRANULE_PAGES;
}

const FEW = WIDTH / 4;
const MERGED = (WIDTH * 3) / 4;
/** Levels that a tree of as many nodes as there can be regions has. */
const MOST_LEVELS = 32;
// Powers of two.
const FIRST_HINTS = 64;
const MAX_HINTS = 2 ** 20;

function granuleOf(page: number): number {
  return Math.floor(page / GRANULE_PAGES);
}
/** The first granule that begins at or after the page. */
function granuleFrom(page: number): number {
  return Math.ceil(page / GRANULE_PAGES);
}

/**
 * The regions of one address space, each beginning with a granule: a B+ tree by address that knows the largest gap below each node, so that
 * finding a region, a neighbour, or the lowest or highest free space takes O(log n).
 */
export class RegionTree {
  /** The lowest granule that a region may have. */
  readonly #lowest: number;
  readonly #nodes = new Nodes();
  #root = this.#nodes.make();
  /** Levels above the leaves. */
  #height = 0;
  readonly #regions: (Region | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /**
   * Slots of regions that find answered, by the low bits of the granule asked for, so that most look-ups read one
   * region instead of the path to it: with 100,000 regions that is a few cache misses less. What is in a slot now may be
   * another region, or none.
   */
  #hints = new Int32Array(FIRST_HINTS);
  /** Places from the leaf up, as #descend or fitLow found them. */
  readonly #path = new Int32Array(MOST_LEVELS);
  /** The granule that fitLow answered, if the path leads to the region after it and is still right; else -1. */
  #fitted = -1;
  count = 0;

  constructor(lowest: number) {
    this.#lowest = granuleFrom(lowest);
  }

  get first(): Region | undefined {
    return this.count === 0 ? undefined : this.#firstOf(this.#root, this.#height);
  }
  #firstOf(node: number, height: number): Region {
    for (let level = height; level > 0; level--) node = this.#nodes.item(node * NODE);
    return this.#regions[this.#nodes.item(node * NODE)]!;
  }

  /** The region that holds the page. */
  find(page: number): Region | undefined {
    const granule = granuleOf(page);
    const hint = granule & (this.#hints.length - 1);
    const hinted = this.#regions[this.#hints[hint]!];
    if (hinted !== undefined && page >= hinted.start && page < hinted.end) return hinted;
    const nodes = this.#nodes;
    let node = this.#root;
    for (let level = this.#height; ; level--) {
      const place = nodes.upTo(node, granule) - 1;
      if (place < node * NODE || granule >= nodes.end(place)) return undefined;
      node = nodes.item(place);
      if (level > 0) continue;
      const region = this.#regions[node]!;
      // It may end inside its last granule.
      if (page >= region.end) return undefined;
      this.#hints[hint] = node;
      return region;
    }
  }

  /** The first region that begins after the page. */
  above(page: number): Region | undefined {
    const nodes = this.#nodes;
    const granule = granuleOf(page);
    let node = this.#root;
    let next = -1;
    let nextLevel = 0;
    for (let level = this.#height; ; level--) {
      const after = nodes.upTo(node, granule);
      const inside = after < nodes.stop(node);
      if (level === 0) {
        if (inside) return this.#regions[nodes.item(after)];
        return next < 0 ? undefined : this.#firstOf(next, nextLevel);
      }
      if (inside) {
        next = nodes.item(after);
        nextLevel = level - 1;
      }
      node = nodes.item(Math.max(after - 1, node * NODE));
    }
  }

  /** The granule after the last region that begins before granule `start`. */
  #endBefore(start: number): number {
    const nodes = this.#nodes;
    let node = this.#root;
    for (let level = this.#height; ; level--) {
      const place = nodes.upTo(node, start - 1) - 1;
      if (place < node * NODE) return this.#lowest;
      if (level === 0) return nodes.end(place);
      node = nodes.item(place);
    }
  }

  /** Whether a region has a page of [first, end), or of the granules that those pages lie in. */
  overlaps(first: number, end: number): boolean {
    return this.#endBefore(granuleFrom(end)) > granuleOf(first);
  }

  *[Symbol.iterator](): Generator<Region> {
    for (let region = this.first; region !== undefined; region = this.above(region.start)) yield region;
  }

  insert(region: Region): void {
    region.slot = this.#freeSlots.pop() ?? this.#regions.length;
    this.#regions[region.slot] = region;
    this.#place(region);
    if (++this.count > this.#hints.length && this.count <= MAX_HINTS / 2)
      this.#hints = new Int32Array(this.#hints.length * 2);
  }

  #place(region: Region): void {
    const nodes = this.#nodes;
    const isFitted = granuleOf(region.start) === this.#fitted;
    this.#fitted = -1;
    if (isFitted && nodes.counts[nodeOf(this.#path[0]!)] !== WIDTH) {
      this.#insertAtPath(region);
      return;
    }
    const sibling = this.#insertInto(this.#root, this.#height, region, this.#lowest);
    if (sibling >= 0) {
      const root = nodes.make();
      nodes.counts[root] = 2;
      nodes.describe(root * NODE, this.#root);
      nodes.describe(root * NODE + 1, sibling);
      this.#root = root;
      this.#height++;
    }
    this.#remeasure(this.#root, this.#height, granuleOf(region.start), granuleFrom(region.end));
  }

  /** Inserts a region where fitLow found room: right behind one region, before the one at the path. */
  #insertAtPath(region: Region): void {
    const nodes = this.#nodes;
    const place = this.#path[0]!;
    const end = granuleFrom(region.end);
    nodes.open(nodeOf(place), place);
    nodes.write(place, granuleOf(region.start), end, 0, region.slot);
    nodes.setGap(place + 1, nodes.start(place + 1) - end);
    for (let level = 1; level <= this.#height; level++) {
      const above = this.#path[level]!;
      if (!nodes.describe(above, nodes.item(above))) return;
    }
  }

  /** Answers the new right-hand neighbour if the node had to be split, else -1. */
  #insertInto(node: number, level: number, region: Region, before: number): number {
    const nodes = this.#nodes;
    const start = granuleOf(region.start);
    let target = node;
    let sibling = -1;
    if (nodes.counts[node] === WIDTH) {
      sibling = nodes.make();
      // Regions that are made one behind the other leave full nodes.
      const isLast = start > nodes.start(nodes.stop(node) - 1);
      nodes.take(sibling, node, isLast ? WIDTH - 1 : WIDTH / 2);
      if (start >= nodes.start(sibling * NODE)) {
        target = sibling;
        before = nodes.end(nodes.stop(node) - 1);
      }
    }
    if (level === 0) this.#insertRegion(target, region, before);
    else this.#insertBelow(target, level, region, before);
    return sibling;
  }

  #insertRegion(leaf: number, region: Region, before: number): void {
    const nodes = this.#nodes;
    const start = granuleOf(region.start);
    const place = nodes.upTo(leaf, start);
    nodes.open(leaf, place);
    const from = place === leaf * NODE ? before : nodes.end(place - 1);
    nodes.write(place, start, granuleFrom(region.end), start - from, region.slot);
  }

  #insertBelow(node: number, level: number, region: Region, before: number): void {
    const nodes = this.#nodes;
    const place = Math.max(nodes.upTo(node, granuleOf(region.start)) - 1, node * NODE);
    const child = nodes.item(place);
    const from = place === node * NODE ? before : nodes.end(place - 1);
    const added = this.#insertInto(child, level - 1, region, from);
    nodes.describe(place, child);
    if (added < 0) return;
    nodes.open(node, place + 1);
    nodes.describe(place + 1, added);
  }

  /** Removes the region that begins with the page. */
  remove(firstPage: number): void {
    const nodes = this.#nodes;
    const start = granuleOf(firstPage);
    const place = this.#descend(start);
    const leaf = nodeOf(place);
    const slot = nodes.item(place);
    if (nodes.start(place) !== start) throw new Error(`the region of granule ${start} is not in the tree`);
    const before = this.#endBeforePath();
    nodes.close(leaf, place);
    if (place < nodes.stop(leaf)) nodes.setGap(place, nodes.start(place) - before);
    else this.#remeasureNext(before);
    this.#ascend();
    this.#regions[slot] = undefined;
    this.#freeSlots.push(slot);
    this.count--;
  }

  /** The place of the last region that begins at or before the granule; the path holds the place at each level. */
  #descend(granule: number): number {
    const nodes = this.#nodes;
    let node = this.#root;
    this.#fitted = -1;
    for (let level = this.#height; level > 0; level--) {
      const place = nodes.upTo(node, granule) - 1;
      this.#path[level] = place;
      node = nodes.item(place);
    }
    return (this.#path[0] = nodes.upTo(node, granule) - 1);
  }

  /** The granule after the last region before that at the path. */
  #endBeforePath(): number {
    for (let level = 0; level <= this.#height; level++) {
      const place = this.#path[level]!;
      if (place % NODE !== 0) return this.#nodes.end(place - 1);
    }
    return this.#lowest;
  }

  /** Measures the gap before the first region of the next leaf after the path anew; the one before ends at `before`. */
  #remeasureNext(before: number): void {
    const nodes = this.#nodes;
    for (let level = 1; level <= this.#height; level++) {
      const next = this.#path[level]! + 1;
      if (next === nodes.stop(nodeOf(next))) continue;
      this.#setFirstGap(next, level, before);
      return;
    }
  }
  #setFirstGap(place: number, level: number, before: number): void {
    const nodes = this.#nodes;
    if (level === 0) {
      nodes.setGap(place, nodes.start(place) - before);
      return;
    }
    const child = nodes.item(place);
    this.#setFirstGap(child * NODE, level - 1, before);
    nodes.setGap(place, nodes.maxGap(child));
  }

  /**
   * Describes the nodes of the path anew after a removal, and joins those that have few entries left. A node that is as it
   * was has nothing to tell those above it: where the next leaf was measured anew, its neighbour has got another end.
   */
  #ascend(): void {
    const nodes = this.#nodes;
    for (let level = 1; level <= this.#height; level++) {
      const place = this.#path[level]!;
      const node = nodeOf(place);
      const child = nodes.item(place);
      if (nodes.counts[child] === 0) {
        nodes.close(node, place);
        nodes.drop(child);
        continue;
      }
      const isNew = nodes.describe(place, child);
      if (nodes.counts[child]! <= FEW) this.#merge(node, place);
      else if (!isNew) break;
    }
    if (this.#height > 0 && nodes.counts[this.#root] === 1) {
      nodes.drop(this.#root);
      this.#root = nodes.item(this.#root * NODE);
      this.#height--;
    }
  }

  /** Joins the child at a place, which has few entries left, to a neighbour that has room for them. */
  #merge(node: number, place: number): void {
    const nodes = this.#nodes;
    const left = place > node * NODE ? place - 1 : place;
    if (left + 1 >= nodes.stop(node)) return;
    const kept = nodes.item(left);
    const gone = nodes.item(left + 1);
    if (nodes.counts[kept]! + nodes.counts[gone]! > MERGED) return;
    nodes.take(kept, gone, 0);
    nodes.close(node, left + 1);
    nodes.drop(gone);
    nodes.describe(left, kept);
  }

  /**
   * Measures the gap before the first region that begins after `granule` anew; the one before that ends at
   * `before`. Answers whether the node holds such a region.
   */
  #remeasure(node: number, level: number, granule: number, before: number): boolean {
    const nodes = this.#nodes;
    const after = nodes.upTo(node, granule);
    const stop = nodes.stop(node);
    if (level === 0) {
      if (after < stop) nodes.setGap(after, nodes.start(after) - before);
      return after < stop;
    }
    for (let place = Math.max(after - 1, node * NODE); place <= after && place < stop; place++) {
      if (!this.#remeasure(nodes.item(place), level - 1, granule, before)) continue;
      nodes.setGap(place, nodes.maxGap(nodes.item(place)));
      return true;
    }
    return false;
  }

  /** The first page after the last region where one can begin. */
  #tail(): number {
    const last = this.#nodes.stop(this.#root) - 1;
    return (this.count === 0 ? this.#lowest : this.#nodes.end(last)) * GRANULE_PAGES;
  }

  /** The lowest page at which `pages` pages fit below `end`, or -1. */
  fitLow(pages: number, end: number): number {
    const nodes = this.#nodes;
    const needed = granuleFrom(pages);
    let node = this.#root;
    let before = this.#lowest;
    this.#fitted = -1;
    for (let level = this.#height; ; level--) {
      const first = node * NODE;
      const stop = nodes.stop(node);
      let place = first;
      while (place < stop && nodes.gap(place) < needed) place++;
      if (place > first) before = nodes.end(place - 1);
      this.#path[level] = place;
      if (place === stop) break;
      if (level === 0) {
        this.#fitted = before;
        break;
      }
      node = nodes.item(place);
    }
    const start = before * GRANULE_PAGES;
    return start + pages <= end ? start : -1;
  }

  /** The highest page at which `pages` pages fit below `end`, or -1. */
  fitHigh(pages: number, end: number): number {
    const start = granuleDown(end - pages);
    return start >= this.#tail()
      ? start
      : this.#fitHighIn(this.#root, this.#height, pages, end, this.#lowest);
  }

  #fitHighIn(node: number, level: number, pages: number, end: number, before: number): number {
    const nodes = this.#nodes;
    const needed = granuleFrom(pages);
    const first = node * NODE;
    for (let place = nodes.stop(node) - 1; place >= first; place--) {
      if (nodes.gap(place) < needed) continue;
      const from = place === first ? before : nodes.end(place - 1);
      if (from * GRANULE_PAGES >= end) continue;
      const start =
        level === 0
          ? granuleDown(Math.min(nodes.start(place) * GRANULE_PAGES, end) - pages)
          : this.#fitHighIn(nodes.item(place), level - 1, pages, end, from);
      if (start >= from * GRANULE_PAGES) return start;
    }
    return -1;
  }

  /** Throws unless the tree is ordered and measured right. For tests. */
  validate(): void {
    const count = this.#validateNode(this.#root, this.#height, this.#lowest);
    if (count !== this.count) throw new Error(`the tree holds ${count} regions, not ${this.count}`);
  }

  /** Answers how many regions are below the node. */
  #validateNode(node: number, level: number, before: number): number {
    const nodes = this.#nodes;
    let count = 0;
    if (nodes.counts[node] === 0 && node !== this.#root) throw new Error('a node of the tree is empty');
    for (let place = node * NODE; place < nodes.stop(node); place++) {
      const start = nodes.start(place);
      const end = nodes.end(place);
      const item = nodes.item(place);
      if (start < before || end <= start)
        throw new Error(`the region of granule ${start} has bad bounds or overlaps the one before`);
      const sound =
        level > 0
          ? start === nodes.start(item * NODE) && end === nodes.end(nodes.stop(item) - 1)
          : this.#isRegion(item, start, end);
      if (!sound) throw new Error(`the entry of the region of granule ${start} does not describe it`);
      const gap = level > 0 ? nodes.maxGap(item) : start - before;
      if (nodes.gap(place) !== gap)
        throw new Error(`the region of granule ${start} has a gap of ${gap}, not ${nodes.gap(place)}`);
      count += level > 0 ? this.#validateNode(item, level - 1, before) : 1;
      before = end;
    }
    return count;
  }

  #isRegion(slot: number, start: number, end: number): boolean {
    const region = this.#regions[slot];
    if (region === undefined || region.slot !== slot) return false;
    return region.start === start * GRANULE_PAGES && granuleFrom(region.end) === end;
  }
}

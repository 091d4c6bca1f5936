import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import type { Region } from './regions.ts';

const GRANULE_PAGES = GRANULE / PAGE_SIZE;

/** Rounds a page number up to where a reservation may begin. */
export function granuleUp(page: number): number {
  return Math.ceil(page / GRANULE_PAGES) * GRANULE_PAGES;
}
export function granuleDown(page: number): number {
  return Math.floor(page / GRANULE_PAGES) * GRANULE_PAGES;
}

/** Entries of a node. Wide nodes in few arrays: with 100,000 regions a look-up reads a handful of cache lines. */
const WIDTH = 32;
const FEW = WIDTH / 4;
const MERGED = (WIDTH * 3) / 4;

/**
 * The nodes of the tree, as numbers. Entry i of a node describes a region (in a leaf) or a child node, at
 * node * WIDTH + i of these arrays, which are replaced when they grow.
 */
class Nodes {
  /** First page of the entry's (first) region. */
  starts = new Float64Array(WIDTH);
  /** Page after the entry's (last) region. */
  ends = new Float64Array(WIDTH);
  /** Free pages before the region at which a reservation could begin; of a child, the most that one of its regions has. */
  gaps = new Float64Array(WIDTH);
  /** The child, in nodes above the leaves. */
  children = new Int32Array(WIDTH);
  /** The region, in leaves. */
  regions: (Region | undefined)[] = new Array(WIDTH).fill(undefined);
  counts = new Uint8Array(1);
  readonly #free: number[] = [];
  #made = 0;

  make(): number {
    const node = this.#free.pop() ?? this.#made++;
    if (node === this.counts.length) this.#grow();
    this.counts[node] = 0;
    return node;
  }
  drop(node: number): void {
    this.#free.push(node);
  }

  #grow(): void {
    const capacity = this.counts.length * 2;
    const copy = <T extends { set(from: T): void }>(from: T, into: T): T => {
      into.set(from);
      return into;
    };
    this.starts = copy(this.starts, new Float64Array(capacity * WIDTH));
    this.ends = copy(this.ends, new Float64Array(capacity * WIDTH));
    this.gaps = copy(this.gaps, new Float64Array(capacity * WIDTH));
    this.children = copy(this.children, new Int32Array(capacity * WIDTH));
    this.counts = copy(this.counts, new Uint8Array(capacity));
    for (let i = this.regions.length; i < capacity * WIDTH; i++) this.regions.push(undefined);
  }

  /** The place after the last entry of the node that begins at or before the page. */
  upTo(node: number, page: number): number {
    const { starts } = this;
    let low = node * WIDTH;
    let high = low + this.counts[node]!;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= page) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place after the node's last entry. */
  stop(node: number): number {
    return node * WIDTH + this.counts[node]!;
  }

  move(from: number, to: number): void {
    this.starts[to] = this.starts[from]!;
    this.ends[to] = this.ends[from]!;
    this.gaps[to] = this.gaps[from]!;
    this.children[to] = this.children[from]!;
    this.regions[to] = this.regions[from];
  }
  /** Makes room for an entry of the node at a place. */
  open(node: number, place: number): void {
    for (let at = this.stop(node); at > place; at--) this.move(at - 1, at);
    this.counts[node] = this.counts[node]! + 1;
  }
  /** Removes the entry at a place of the node. */
  close(node: number, place: number): void {
    const last = this.stop(node) - 1;
    for (let at = place; at < last; at++) this.move(at + 1, at);
    this.regions[last] = undefined;
    this.counts[node] = this.counts[node]! - 1;
  }
  /** Moves the entries of `from` from its index on behind those of `to`. */
  take(to: number, from: number, index: number): void {
    const stop = this.stop(from);
    let target = this.stop(to);
    for (let at = from * WIDTH + index; at < stop; at++) {
      this.move(at, target++);
      this.regions[at] = undefined;
    }
    this.counts[to] = target - to * WIDTH;
    this.counts[from] = index;
  }

  /** Writes the entry of a child anew. */
  describe(place: number, child: number): void {
    this.starts[place] = this.starts[child * WIDTH]!;
    this.ends[place] = this.ends[this.stop(child) - 1]!;
    this.gaps[place] = this.maxGap(child);
    this.children[place] = child;
  }
  maxGap(node: number): number {
    const stop = this.stop(node);
    let most = 0;
    for (let at = node * WIDTH; at < stop; at++) if (this.gaps[at]! > most) most = this.gaps[at]!;
    return most;
  }
}

// Powers of two.
const FIRST_HINTS = 64;
const MAX_HINTS = 2 ** 20;

function gapBetween(before: number, start: number): number {
  return Math.max(0, start - granuleUp(before));
}

/**
 * The regions of one address space: a B+ tree by address that knows the largest gap below each node, so that
 * finding a region, a neighbour, or the lowest or highest free space takes O(log n).
 */
export class RegionTree {
  /** The lowest page that a region may have. */
  readonly #lowest: number;
  readonly #nodes = new Nodes();
  #root = this.#nodes.make();
  /** Levels above the leaves. */
  #height = 0;
  /**
   * Answers of find by the low bits of the granule asked for, so that most look-ups read one region instead of
   * the path to it: with 100,000 regions that is a few cache misses less. Some are of regions that are gone.
   */
  #hints: (Region | undefined)[] = new Array(FIRST_HINTS).fill(undefined);
  count = 0;

  constructor(lowest: number) {
    this.#lowest = lowest;
  }

  get first(): Region | undefined {
    return this.count === 0 ? undefined : this.#firstOf(this.#root, this.#height);
  }
  #firstOf(node: number, height: number): Region {
    for (let level = height; level > 0; level--) node = this.#nodes.children[node * WIDTH]!;
    return this.#nodes.regions[node * WIDTH]!;
  }

  /** The region that holds the page. */
  find(page: number): Region | undefined {
    const slot = (page / GRANULE_PAGES) & (this.#hints.length - 1);
    const hint = this.#hints[slot];
    if (hint !== undefined && page >= hint.start && page < hint.end && hint.isLive) return hint;
    const nodes = this.#nodes;
    let node = this.#root;
    for (let level = this.#height; ; level--) {
      const place = nodes.upTo(node, page) - 1;
      if (place < node * WIDTH || page >= nodes.ends[place]!) return undefined;
      if (level === 0) return (this.#hints[slot] = nodes.regions[place]!);
      node = nodes.children[place]!;
    }
  }

  /** The first region that begins after the page. */
  above(page: number): Region | undefined {
    const nodes = this.#nodes;
    let node = this.#root;
    let next = -1;
    let nextLevel = 0;
    for (let level = this.#height; ; level--) {
      const after = nodes.upTo(node, page);
      const inside = after < nodes.stop(node);
      if (level === 0)
        return inside ? nodes.regions[after] : next < 0 ? undefined : this.#firstOf(next, nextLevel);
      if (inside) {
        next = nodes.children[after]!;
        nextLevel = level - 1;
      }
      node = nodes.children[Math.max(after - 1, node * WIDTH)]!;
    }
  }

  /** The page after the last region that begins before `start`. */
  #endBefore(start: number): number {
    const nodes = this.#nodes;
    let node = this.#root;
    for (let level = this.#height; ; level--) {
      const place = nodes.upTo(node, start - 1) - 1;
      if (place < node * WIDTH) return this.#lowest;
      if (level === 0) return nodes.ends[place]!;
      node = nodes.children[place]!;
    }
  }

  /** Whether a region has a page of [first, end). */
  overlaps(first: number, end: number): boolean {
    return this.#endBefore(end) > first;
  }

  *[Symbol.iterator](): Generator<Region> {
    for (let region = this.first; region !== undefined; region = this.above(region.start)) yield region;
  }

  insert(region: Region): void {
    const nodes = this.#nodes;
    const sibling = this.#insertInto(this.#root, this.#height, region, this.#lowest);
    if (sibling >= 0) {
      const root = nodes.make();
      nodes.counts[root] = 2;
      nodes.describe(root * WIDTH, this.#root);
      nodes.describe(root * WIDTH + 1, sibling);
      this.#root = root;
      this.#height++;
    }
    this.#remeasure(this.#root, this.#height, region.start, region.end);
    region.isLive = true;
    if (++this.count > this.#hints.length && this.count <= MAX_HINTS / 2)
      this.#hints = new Array(this.#hints.length * 4).fill(undefined);
  }

  /** Answers the new right-hand neighbour if the node had to be split, else -1. */
  #insertInto(node: number, level: number, region: Region, before: number): number {
    const nodes = this.#nodes;
    let target = node;
    let sibling = -1;
    if (nodes.counts[node] === WIDTH) {
      sibling = nodes.make();
      nodes.take(sibling, node, WIDTH / 2);
      if (region.start >= nodes.starts[sibling * WIDTH]!) {
        target = sibling;
        before = nodes.ends[nodes.stop(node) - 1]!;
      }
    }
    if (level === 0) this.#insertRegion(target, region, before);
    else this.#insertBelow(target, level, region, before);
    return sibling;
  }

  #insertRegion(leaf: number, region: Region, before: number): void {
    const nodes = this.#nodes;
    const place = nodes.upTo(leaf, region.start);
    nodes.open(leaf, place);
    nodes.starts[place] = region.start;
    nodes.ends[place] = region.end;
    nodes.gaps[place] = gapBetween(place === leaf * WIDTH ? before : nodes.ends[place - 1]!, region.start);
    nodes.regions[place] = region;
  }

  #insertBelow(node: number, level: number, region: Region, before: number): void {
    const nodes = this.#nodes;
    const place = Math.max(nodes.upTo(node, region.start) - 1, node * WIDTH);
    const child = nodes.children[place]!;
    const from = place === node * WIDTH ? before : nodes.ends[place - 1]!;
    const added = this.#insertInto(child, level - 1, region, from);
    nodes.describe(place, child);
    if (added < 0) return;
    nodes.open(node, place + 1);
    nodes.describe(place + 1, added);
  }

  remove(region: Region): void {
    region.isLive = false;
    const before = this.#endBefore(region.start);
    this.#removeFrom(this.#root, this.#height, region);
    if (this.#height > 0 && this.#nodes.counts[this.#root] === 1) {
      this.#nodes.drop(this.#root);
      this.#root = this.#nodes.children[this.#root * WIDTH]!;
      this.#height--;
    }
    this.#remeasure(this.#root, this.#height, region.start, before);
    this.count--;
  }

  #removeFrom(node: number, level: number, region: Region): void {
    const nodes = this.#nodes;
    const place = nodes.upTo(node, region.start) - 1;
    if (level === 0) {
      if (nodes.regions[place] !== region) throw new Error(`region ${region.start} is not in the tree`);
      nodes.close(node, place);
      return;
    }
    const child = nodes.children[place]!;
    this.#removeFrom(child, level - 1, region);
    if (nodes.counts[child] === 0) {
      nodes.close(node, place);
      nodes.drop(child);
      return;
    }
    nodes.describe(place, child);
    if (nodes.counts[child]! <= FEW) this.#merge(node, place);
  }

  /** Joins the child at a place, which has few entries left, to a neighbour that has room for them. */
  #merge(node: number, place: number): void {
    const nodes = this.#nodes;
    const left = place > node * WIDTH ? place - 1 : place;
    if (left + 1 >= nodes.stop(node)) return;
    const kept = nodes.children[left]!;
    const gone = nodes.children[left + 1]!;
    if (nodes.counts[kept]! + nodes.counts[gone]! > MERGED) return;
    nodes.take(kept, gone, 0);
    nodes.close(node, left + 1);
    nodes.drop(gone);
    nodes.describe(left, kept);
  }

  /**
   * Measures the gap before the first region that begins after `page` anew; the one before that ends at
   * `before`. Answers whether the node holds such a region.
   */
  #remeasure(node: number, level: number, page: number, before: number): boolean {
    const nodes = this.#nodes;
    const after = nodes.upTo(node, page);
    const stop = nodes.stop(node);
    if (level === 0) {
      if (after < stop) nodes.gaps[after] = gapBetween(before, nodes.starts[after]!);
      return after < stop;
    }
    for (let place = Math.max(after - 1, node * WIDTH); place <= after && place < stop; place++) {
      if (!this.#remeasure(nodes.children[place]!, level - 1, page, before)) continue;
      nodes.gaps[place] = nodes.maxGap(nodes.children[place]!);
      return true;
    }
    return false;
  }

  /** The first page after the last region where one can begin. */
  #tail(): number {
    return granuleUp(this.count === 0 ? this.#lowest : this.#nodes.ends[this.#nodes.stop(this.#root) - 1]!);
  }

  /** The lowest page at which `pages` pages fit below `end`, or -1. */
  fitLow(pages: number, end: number): number {
    const nodes = this.#nodes;
    let node = this.#root;
    let before = this.#lowest;
    for (let level = this.#height; ; level--) {
      const first = node * WIDTH;
      const stop = nodes.stop(node);
      let place = first;
      while (place < stop && nodes.gaps[place]! < pages) place++;
      if (place > first) before = nodes.ends[place - 1]!;
      if (place === stop || level === 0) break;
      node = nodes.children[place]!;
    }
    const start = granuleUp(before);
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
    const first = node * WIDTH;
    for (let place = nodes.stop(node) - 1; place >= first; place--) {
      if (nodes.gaps[place]! < pages) continue;
      const from = place === first ? before : nodes.ends[place - 1]!;
      if (from >= end) continue;
      const start =
        level === 0
          ? granuleDown(Math.min(nodes.starts[place]!, end) - pages)
          : this.#fitHighIn(nodes.children[place]!, level - 1, pages, end, from);
      if (start >= granuleUp(from)) return start;
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
    for (let place = node * WIDTH; place < nodes.stop(node); place++) {
      const start = nodes.starts[place]!;
      const end = nodes.ends[place]!;
      const child = nodes.children[place]!;
      const region = nodes.regions[place];
      if (start < before || end <= start)
        throw new Error(`region ${start} has bad bounds or overlaps the one before`);
      const sound =
        level > 0
          ? start === nodes.starts[child * WIDTH] && end === nodes.ends[nodes.stop(child) - 1]
          : start === region!.start && end === region!.end;
      if (!sound) throw new Error(`the entry of region ${start} does not describe it`);
      const gap = level > 0 ? nodes.maxGap(child) : gapBetween(before, start);
      if (nodes.gaps[place] !== gap)
        throw new Error(`region ${start} has a gap of ${gap}, not ${nodes.gaps[place]}`);
      count += level > 0 ? this.#validateNode(child, level - 1, before) : 1;
      before = end;
    }
    return count;
  }
}

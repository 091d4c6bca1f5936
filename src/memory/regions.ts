import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import type { Section } from './section.ts';
import type { AddressSpace } from './space.ts';

const GRANULE_PAGES = GRANULE / PAGE_SIZE;

/** Rounds a page number up to where a reservation may begin. */
export function granuleUp(page: number): number {
  return Math.ceil(page / GRANULE_PAGES) * GRANULE_PAGES;
}
export function granuleDown(page: number): number {
  return Math.floor(page / GRANULE_PAGES) * GRANULE_PAGES;
}

/**
 * One reservation: a private region or a view of a section. Pages whose page-table entry is 0 are as the
 * region's plain runs say, so a region costs the same whatever its size.
 */
export class Region {
  readonly space: AddressSpace;
  /** First page number, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** MEM_PRIVATE, MEM_MAPPED or MEM_IMAGE. */
  readonly type: number;
  /** The protection asked for when it was made. */
  readonly allocationProtect: number;
  /** Pages of it that are charged to commit. */
  charged = 0;
  /** The section of a view, and the page index in it that `start` shows. */
  readonly section: Section | undefined;
  readonly sectionPage: number;
  /** Flags (page-table.ts) of pages without an entry: runs that begin at these pages and cover the region. */
  #runStarts: number[];
  #runFlags: number[];

  // The tree: an AVL tree by start, threaded in order.
  left: Region | undefined = undefined;
  right: Region | undefined = undefined;
  previous: Region | undefined = undefined;
  next: Region | undefined = undefined;
  height = 1;
  /** Free pages before this region in which reservations can begin, and the largest such number in its subtree. */
  gap = 0;
  maxGap = 0;

  constructor(
    space: AddressSpace,
    start: number,
    end: number,
    type: number,
    allocationProtect: number,
    plain: number,
    section?: Section,
    sectionPage = 0,
  ) {
    this.space = space;
    this.start = start;
    this.end = end;
    this.type = type;
    this.allocationProtect = allocationProtect;
    this.section = section;
    this.sectionPage = sectionPage;
    this.#runStarts = [start];
    this.#runFlags = [plain];
  }

  #run(page: number): number {
    const starts = this.#runStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= page) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Flags of a page that has no entry. */
  plain(page: number): number {
    return this.#runFlags.length === 1 ? this.#runFlags[0]! : this.#runFlags[this.#run(page)]!;
  }

  /** The page after the last one that `plain` answers the same for, counted from `page`. */
  plainEnd(page: number): number {
    if (this.#runFlags.length === 1) return this.end;
    return this.#runStarts[this.#run(page) + 1] ?? this.end;
  }

  /** Changes the flags of pages [first, end) that have no entry. */
  changePlain(first: number, end: number, change: (flags: number) => number): void {
    if (first === this.start && end === this.end && this.#runFlags.length === 1) {
      this.#runFlags[0] = change(this.#runFlags[0]!);
      return;
    }
    const from = this.#split(first);
    const to = end === this.end ? this.#runFlags.length : this.#split(end);
    for (let run = from; run < to; run++) this.#runFlags[run] = change(this.#runFlags[run]!);
    this.#merge(Math.max(from, 1), Math.min(to, this.#runFlags.length - 1));
  }

  /** Makes a run begin at `page` and answers its number. */
  #split(page: number): number {
    const run = this.#run(page);
    if (this.#runStarts[run] === page) return run;
    this.#runStarts.splice(run + 1, 0, page);
    this.#runFlags.splice(run + 1, 0, this.#runFlags[run]!);
    return run + 1;
  }

  /** Joins each of the runs first..last to the one before it where they are alike. */
  #merge(first: number, last: number): void {
    let kept = first - 1;
    for (let run = first; run <= last; run++) {
      if (this.#runFlags[run] === this.#runFlags[kept]) continue;
      kept++;
      this.#runStarts[kept] = this.#runStarts[run]!;
      this.#runFlags[kept] = this.#runFlags[run]!;
    }
    if (kept === last) return;
    this.#runStarts.splice(kept + 1, last - kept);
    this.#runFlags.splice(kept + 1, last - kept);
  }
}

/** The regions of one address space, with the largest gap of each subtree, so that free space is found in O(log n). */
export class RegionTree {
  /** The lowest page that a region may have. */
  readonly #lowest: number;
  #root: Region | undefined = undefined;
  #last: Region | undefined = undefined;
  /** The answer of the last find: calls come in runs on one region. */
  #found: Region | undefined = undefined;
  first: Region | undefined = undefined;
  count = 0;

  constructor(lowest: number) {
    this.#lowest = lowest;
  }

  /** The region that holds the page. */
  find(page: number): Region | undefined {
    const found = this.#found;
    if (found !== undefined && page >= found.start && page < found.end) return found;
    const region = this.#atOrBelow(page);
    if (region === undefined || page >= region.end) return undefined;
    this.#found = region;
    return region;
  }

  /** The first region that begins after the page. */
  above(page: number): Region | undefined {
    const region = this.#atOrBelow(page);
    return region === undefined ? this.first : region.next;
  }

  overlaps(first: number, end: number): boolean {
    const region = this.#atOrBelow(end - 1);
    return region !== undefined && region.end > first;
  }

  #atOrBelow(page: number): Region | undefined {
    let node = this.#root;
    let best: Region | undefined;
    while (node !== undefined) {
      if (node.start <= page) {
        best = node;
        node = node.right;
      } else node = node.left;
    }
    return best;
  }

  insert(region: Region): void {
    const previous = this.#atOrBelow(region.start);
    const next = previous === undefined ? this.first : previous.next;
    region.previous = previous;
    region.next = next;
    if (previous === undefined) this.first = region;
    else previous.next = region;
    if (next === undefined) this.#last = region;
    else next.previous = region;
    this.#measure(region);
    this.#root = insertInto(this.#root, region);
    if (next !== undefined) this.#remeasure(next);
    this.count++;
  }

  remove(region: Region): void {
    if (this.#found === region) this.#found = undefined;
    this.#root = removeFrom(this.#root, region);
    const { previous, next } = region;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else {
      next.previous = previous;
      this.#remeasure(next);
    }
    this.count--;
  }

  #gapStart(region: Region): number {
    return granuleUp(region.previous === undefined ? this.#lowest : region.previous.end);
  }
  #measure(region: Region): void {
    region.gap = Math.max(0, region.start - this.#gapStart(region));
  }
  #remeasure(region: Region): void {
    this.#measure(region);
    refresh(this.#root!, region.start);
  }

  /** The lowest page at which `pages` pages fit below `end`, or -1. */
  fitLow(pages: number, end: number): number {
    let node = this.#root;
    let start = granuleUp(this.#last === undefined ? this.#lowest : this.#last.end);
    if (node !== undefined && node.maxGap >= pages) {
      for (;;) {
        if (node!.left !== undefined && node!.left.maxGap >= pages) node = node!.left;
        else if (node!.gap >= pages) break;
        else node = node!.right;
      }
      start = this.#gapStart(node!);
    }
    return start + pages <= end ? start : -1;
  }

  /** The highest page at which `pages` pages fit below `end`, or -1. */
  fitHigh(pages: number, end: number): number {
    const tail = granuleUp(this.#last === undefined ? this.#lowest : this.#last.end);
    const start = granuleDown(end - pages);
    return start >= tail ? start : this.#fitHighIn(this.#root, pages, end);
  }

  #fitHighIn(node: Region | undefined, pages: number, end: number): number {
    if (node === undefined || node.maxGap < pages) return -1;
    if (node.end < end) {
      const right = this.#fitHighIn(node.right, pages, end);
      if (right >= 0) return right;
    }
    const start = granuleDown(Math.min(node.start, end) - pages);
    if (start >= this.#gapStart(node)) return start;
    return this.#fitHighIn(node.left, pages, end);
  }

  /** Throws unless the tree is ordered, balanced, threaded and measured right. For tests. */
  validate(): void {
    let previous: Region | undefined;
    let count = 0;
    for (let region = this.first; region !== undefined; region = region.next) {
      if (region.previous !== previous) throw new Error(`region ${region.start} is threaded back wrongly`);
      if (region.start >= region.end || region.start < this.#lowest) throw new Error(`region ${region.start} has bad bounds`);
      if (previous !== undefined && previous.end > region.start) throw new Error(`region ${region.start} overlaps the one before`);
      const gap = Math.max(0, region.start - this.#gapStart(region));
      if (gap !== region.gap) throw new Error(`region ${region.start} has gap ${gap}, not ${region.gap}`);
      previous = region;
      count++;
    }
    if (count !== this.count || this.#last !== previous) throw new Error(`${count} regions are threaded, not ${this.count}`);
    if (validateNode(this.#root) !== count) throw new Error('the tree and the thread hold different regions');
  }
}

function height(node: Region | undefined): number {
  return node === undefined ? 0 : node.height;
}

function update(node: Region): void {
  const { left, right } = node;
  node.height = Math.max(height(left), height(right)) + 1;
  let maxGap = node.gap;
  if (left !== undefined && left.maxGap > maxGap) maxGap = left.maxGap;
  if (right !== undefined && right.maxGap > maxGap) maxGap = right.maxGap;
  node.maxGap = maxGap;
}

function rotateRight(node: Region): Region {
  const top = node.left!;
  node.left = top.right;
  top.right = node;
  update(node);
  update(top);
  return top;
}
function rotateLeft(node: Region): Region {
  const top = node.right!;
  node.right = top.left;
  top.left = node;
  update(node);
  update(top);
  return top;
}

function balance(node: Region): Region {
  const lean = height(node.left) - height(node.right);
  if (lean > 1) {
    if (height(node.left!.left) < height(node.left!.right)) node.left = rotateLeft(node.left!);
    return rotateRight(node);
  }
  if (lean < -1) {
    if (height(node.right!.right) < height(node.right!.left)) node.right = rotateRight(node.right!);
    return rotateLeft(node);
  }
  update(node);
  return node;
}

function insertInto(node: Region | undefined, region: Region): Region {
  if (node === undefined) {
    update(region);
    return region;
  }
  if (region.start < node.start) node.left = insertInto(node.left, region);
  else node.right = insertInto(node.right, region);
  return balance(node);
}

function removeFrom(node: Region | undefined, region: Region): Region | undefined {
  if (node === undefined) throw new Error(`region ${region.start} is not in the tree`);
  if (node !== region) {
    if (region.start < node.start) node.left = removeFrom(node.left, region);
    else node.right = removeFrom(node.right, region);
    return balance(node);
  }
  const { left, right } = node;
  node.left = node.right = undefined;
  if (left === undefined) return right;
  if (right === undefined) return left;
  let heir = right;
  while (heir.left !== undefined) heir = heir.left;
  const rest = removeFrom(right, heir);
  heir.left = left;
  heir.right = rest;
  return balance(heir);
}

/** Recomputes the path to a region whose gap changed. */
function refresh(node: Region, start: number): void {
  if (start < node.start) refresh(node.left!, start);
  else if (start > node.start) refresh(node.right!, start);
  update(node);
}

function validateNode(node: Region | undefined): number {
  if (node === undefined) return 0;
  const { height: h, maxGap } = node;
  const count = validateNode(node.left) + validateNode(node.right) + 1;
  if (Math.abs(height(node.left) - height(node.right)) > 1) throw new Error(`the tree leans at region ${node.start}`);
  update(node);
  if (node.height !== h || node.maxGap !== maxGap) throw new Error(`region ${node.start} is measured wrongly`);
  if ((node.left && node.left.start >= node.start) || (node.right && node.right.start <= node.start))
    throw new Error(`the tree is out of order at region ${node.start}`);
  return count;
}

/** Entries of a node. Wide nodes in few cache lines: with 100,000 regions it is those that a call costs. */
export const WIDTH = 16;
/** Where entries that a node does not have begin: after all granules. */
const NOWHERE = 0x7fffffff;
/** 32-bit words of a node: what the entries have, one array after the other. All numbers are of granules. */
export const NODE = WIDTH * 4;
/** The granule after the entry's (last) region. The first of its (first) region is at the place itself. */
const END = WIDTH;
/** Free granules before the region; of a child, the most that one of its regions has. */
const GAP = WIDTH * 2;
/** The child, in nodes above the leaves; the number of the region, in leaves. */
const ITEM = WIDTH * 3;

/**
 * The nodes of the tree, as numbers. Entry i of a node describes a region (in a leaf) or a child node; its
 * place is node * NODE + i.
 */
export class Nodes {
  /** Replaced when it grows. */
  words = new Int32Array(NODE);
  counts = new Uint8Array(1);
  readonly #free: number[] = [];
  #made = 0;

  make(): number {
    const node = this.#free.pop() ?? this.#made++;
    if (node === this.counts.length) this.#grow();
    this.counts[node] = 0;
    this.words.fill(NOWHERE, node * NODE, node * NODE + WIDTH);
    return node;
  }
  drop(node: number): void {
    this.#free.push(node);
  }

  #grow(): void {
    const capacity = this.counts.length * 2;
    const words = new Int32Array(capacity * NODE);
    const counts = new Uint8Array(capacity);
    words.set(this.words);
    counts.set(this.counts);
    this.words = words;
    this.counts = counts;
  }

  /**
   * The place after the last entry of the node that begins at or before the granule: a binary search without
   * branches, of which the processor would guess half wrong. The sign of a difference says which way to go.
   */
  upTo(node: number, granule: number): number {
    const { words } = this;
    const next = (granule + 1) | 0;
    let at = node * NODE;
    at += ((words[at + 7]! - next) >> 31) & 8;
    at += ((words[at + 3]! - next) >> 31) & 4;
    at += ((words[at + 1]! - next) >> 31) & 2;
    at += ((words[at]! - next) >> 31) & 1;
    return at + (((words[at]! - next) >> 31) & 1);
  }

  /** The place after the node's last entry. */
  stop(node: number): number {
    return node * NODE + this.counts[node]!;
  }
  start(place: number): number {
    return this.words[place]!;
  }
  end(place: number): number {
    return this.words[place + END]!;
  }
  gap(place: number): number {
    return this.words[place + GAP]!;
  }
  item(place: number): number {
    return this.words[place + ITEM]!;
  }
  setGap(place: number, gap: number): void {
    this.words[place + GAP] = gap;
  }

  write(place: number, start: number, end: number, gap: number, item: number): void {
    const { words } = this;
    words[place] = start;
    words[place + END] = end;
    words[place + GAP] = gap;
    words[place + ITEM] = item;
  }
  #move(from: number, to: number): void {
    this.write(to, this.start(from), this.end(from), this.gap(from), this.item(from));
  }
  /** Makes room for an entry of the node at a place. */
  open(node: number, place: number): void {
    for (let at = this.stop(node); at > place; at--) this.#move(at - 1, at);
    this.counts[node] = this.counts[node]! + 1;
  }
  /** Removes the entry at a place of the node. */
  close(node: number, place: number): void {
    const last = this.stop(node) - 1;
    for (let at = place; at < last; at++) this.#move(at + 1, at);
    this.words[last] = NOWHERE;
    this.counts[node] = this.counts[node]! - 1;
  }
  /** Moves the entries of `from` from its index on behind those of `to`. */
  take(to: number, from: number, index: number): void {
    const stop = this.stop(from);
    let target = this.stop(to);
    for (let at = from * NODE + index; at < stop; at++) {
      this.#move(at, target++);
      this.words[at] = NOWHERE;
    }
    this.counts[to] = target - to * NODE;
    this.counts[from] = index;
  }

  /** Writes the entry of a child anew; answers whether that changed it. */
  describe(place: number, child: number): boolean {
    const { words } = this;
    const start = words[child * NODE]!;
    const end = this.end(this.stop(child) - 1);
    const gap = this.maxGap(child);
    const isSame = this.item(place) === child && words[place] === start && this.end(place) === end;
    if (isSame && this.gap(place) === gap) return false;
    this.write(place, start, end, gap, child);
    return true;
  }
  maxGap(node: number): number {
    const { words } = this;
    const from = node * NODE + GAP;
    const stop = from + this.counts[node]!;
    let most = 0;
    for (let at = from; at < stop; at++) if (words[at]! > most) most = words[at]!;
    return most;
  }
}

/** The node of a place that has an entry. */
export function nodeOf(place: number): number {
  return Math.floor(place / NODE);
}

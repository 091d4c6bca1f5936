import { isSmall } from './region-facts.ts';
import type { Section } from './section.ts';
import type { AddressSpace } from './space.ts';

/**
 * One reservation: a private region or a view of a section. Pages whose page-table entry is 0 are as the
 * region's plain runs say, so a region costs the same whatever its size.
 */
export class Region {
  // Fields in the order of use: with many regions each cache line counts.
  /** First page number, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Its number in the tree of its address space while it is there, else -1. */
  slot = -1;
  /**
   * Of a large region: flags that hold for all pages as far as state and protection go, or 0 if pages may differ
   * in them. 0 for small ones, about which RegionFacts knows as much.
   */
  uniform: number;
  /** MEM_PRIVATE, MEM_MAPPED or MEM_IMAGE. */
  readonly type: number;
  /** The section of a view, and the page index in it that `start` shows. */
  readonly section: Section | undefined;
  readonly space: AddressSpace;
  /** Flags (page-table.ts) of pages without an entry, if they are the same for all pages; else see the runs. */
  #plain: number;
  #runs: PlainRuns | undefined = undefined;
  readonly sectionPage: number;
  /** The protection asked for when it was made. */
  readonly allocationProtect: number;
  /** Pages of it that are charged to commit. */
  charged = 0;

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
    this.start = start;
    this.end = end;
    this.type = type;
    this.section = section;
    this.space = space;
    this.#plain = plain;
    this.sectionPage = sectionPage;
    this.allocationProtect = allocationProtect;
    this.uniform = section?.isReserve || isSmall(end - start) ? 0 : plain;
  }

  /** Called before an entry gets another state (committed or not) or protection than the plain flags have. */
  mix(): void {
    if (isSmall(this.end - this.start)) this.space.facts.mix(this.start, this.end);
    else this.uniform = 0;
  }
  /** Called when no entry has another state or protection than the plain flags any more. */
  unmix(): void {
    if (isSmall(this.end - this.start)) this.space.facts.keep(this, this.start, false);
    else if (this.#runs === undefined) this.uniform = this.#plain;
  }

  /** Flags of all pages that have no entry; 0 if these differ, or the section has a say in them. */
  get plainOfAll(): number {
    return this.#runs !== undefined || this.section?.isReserve ? 0 : this.#plain;
  }

  /** Flags of a page that has no entry. */
  plain(page: number): number {
    return this.#runs === undefined ? this.#plain : this.#runs.flags(page);
  }

  /** The page after the last one that `plain` answers the same for, counted from `page`. */
  plainEnd(page: number): number {
    return this.#runs === undefined ? this.end : (this.#runs.endOf(page) ?? this.end);
  }

  /** Changes the flags of pages [first, end) that have no entry. */
  changePlain(first: number, end: number, change: (flags: number) => number): void {
    this.space.facts.drop(this);
    if (this.#runs === undefined && first === this.start && end === this.end) {
      this.#plain = change(this.#plain);
      if (this.uniform !== 0) this.uniform = this.#plain;
      return;
    }
    this.mix();
    this.#runs ??= new PlainRuns(this.start, this.#plain);
    const only = this.#runs.change(first, end === this.end ? Number.POSITIVE_INFINITY : end, change);
    if (only === undefined) return;
    this.#plain = only;
    this.#runs = undefined;
  }
}

/** Runs of pages with the same flags that cover a region whose pages differ. */
class PlainRuns {
  readonly #starts: number[];
  readonly #flags: number[];

  constructor(start: number, flags: number) {
    this.#starts = [start];
    this.#flags = [flags];
  }

  #run(page: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= page) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  flags(page: number): number {
    return this.#flags[this.#run(page)]!;
  }
  /** The page after the run that holds `page`; undefined for the last run. */
  endOf(page: number): number | undefined {
    return this.#starts[this.#run(page) + 1];
  }

  /** Changes the flags of [first, end), and answers those of all pages if they are the same now. */
  change(first: number, end: number, change: (flags: number) => number): number | undefined {
    const from = this.#split(first);
    const to = end === Number.POSITIVE_INFINITY ? this.#flags.length : this.#split(end);
    for (let run = from; run < to; run++) this.#flags[run] = change(this.#flags[run]!);
    this.#merge(Math.max(from, 1), Math.min(to, this.#flags.length - 1));
    return this.#flags.length === 1 ? this.#flags[0] : undefined;
  }

  /** Makes a run begin at `page` and answers its number. */
  #split(page: number): number {
    const run = this.#run(page);
    if (this.#starts[run] === page) return run;
    this.#starts.splice(run + 1, 0, page);
    this.#flags.splice(run + 1, 0, this.#flags[run]!);
    return run + 1;
  }

  /** Joins each of the runs first..last to the one before it where they are alike. */
  #merge(first: number, last: number): void {
    let kept = first - 1;
    for (let run = first; run <= last; run++) {
      if (this.#flags[run] === this.#flags[kept]) continue;
      kept++;
      this.#starts[kept] = this.#starts[run]!;
      this.#flags[kept] = this.#flags[run]!;
    }
    if (kept >= last) return;
    this.#starts.splice(kept + 1, last - kept);
    this.#flags.splice(kept + 1, last - kept);
  }
}

import type { Instruction } from '../decode/instruction.ts';
import type { Entry } from '../lift/entry.ts';
import { entryOf } from '../lift/registry.ts';
import { effectsOf } from './analysis.ts';
import { copyBranches } from './branch-copies.ts';
import type { CodeReader } from './code-reader.ts';
import { directTarget, FLOW, type Flow } from './effects.ts';
import { type Block, emptyBlock, reversePostorder, shapeOf } from './graph.ts';
import { findJumpTable, type JumpTable, LONGEST_PATH } from './jump-table.ts';
import {
  FEW_WITH_TABLES,
  LIMITS_INSIDE,
  LIMITS_OF_A_LOOP,
  LIMITS_OF_AN_INNER_LOOP,
  LIMITS_WITH_TABLES,
  LOOP,
  type Loop,
  type RegionLimits,
  SINGLE_STEP,
} from './limits.ts';
import { makeReducible } from './reducible.ts';

/** Compilers begin functions at multiples of this. */
const FUNCTION_ALIGNMENT = 16;

type Found = Instruction | 'fault' | 'illegal' | 'unsupported';

/** What is known about addresses that a region may reach. */
export interface Surroundings {
  /** Function entries: a jump to one is a tail call. */
  isFunction(address: number): boolean;
  /** What has a translation already: a region that is large enough ends there, whatever leads to it. */
  isTranslated(address: number): boolean;
  /**
   * Tables of jumps, by the jump's address, to look up and to add to: from the middle of a function, what led to a jump
   * may not be seen any more. Undefined: not worth while.
   */
  readonly tables: Map<number, JumpTable | undefined>;
  /** Beginnings of blocks from which more is reached than LIMITS_OF_A_LOOP allow. */
  readonly large: Set<number>;
  /** Beginnings of blocks in loops that such regions have taken in. */
  readonly inLoops: Set<number>;
}

export interface Discovery {
  readonly blocks: readonly Block[];
  /** Those that it keeps to. */
  readonly limits: RegionLimits;
}

/** Tables that are remembered, about. */
const MOST_TABLES = 1000;
/** Addresses that are remembered for other reasons, about. */
const MOST_NOTED = 20_000;

/**
 * Finds the control-flow graph of the function at `entry`: follows jumps and branches, and calls to the
 * instruction behind them.
 */
export function discover(
  reader: CodeReader,
  entry: number,
  limits: RegionLimits,
  surroundings: Surroundings,
): Discovery {
  const others: Surroundings = {
    ...surroundings,
    isFunction: (address: number) => address !== entry && surroundings.isFunction(address),
    isTranslated: (address: number) => address !== entry && surroundings.isTranslated(address),
  };
  if (!limits.isAhead) return find(reader, entry, limits, others)!;
  const ahead = new Search(reader, entry, limits, others, new Set());
  ahead.explore();
  if (ahead.goesBack) {
    const loop = findLoop(reader, entry, others);
    if (loop !== undefined) return loop;
    if (ahead.isLoop) return find(reader, entry, LIMITS_INSIDE, others)!;
  }
  return { blocks: makeReducible(ahead.graph()), limits };
}

/**
 * The outermost loop around the entry, if it is not too large; in what is part of such a region already, the innermost one
 * that begins there.
 */
function findLoop(reader: CodeReader, entry: number, surroundings: Surroundings): Discovery | undefined {
  const { large, inLoops } = surroundings;
  if (inLoops.has(entry)) return find(reader, entry, LIMITS_OF_AN_INNER_LOOP, surroundings);
  if (large.has(entry)) return undefined;
  const found = find(reader, entry, LIMITS_OF_A_LOOP, surroundings);
  if (inLoops.size > MOST_NOTED) inLoops.clear();
  for (const { start } of found?.blocks ?? []) inLoops.add(start);
  return found;
}

/** Undefined: it was to be a loop, but there is none, or it is too large. */
function find(
  reader: CodeReader,
  entry: number,
  limits: RegionLimits,
  surroundings: Surroundings,
): Discovery | undefined {
  const ignored = new Set<number>();
  for (;;) {
    const search = new Search(reader, entry, limits, surroundings, ignored);
    search.explore();
    if (limits.loop !== LOOP.none && search.isTooLarge) {
      search.rememberLarge();
      return undefined;
    }
    const blocks = search.graph();
    if (limits.loop !== LOOP.none && !blocks.some(({ successors }) => successors.includes(0)))
      return undefined;
    const useless = search.uselessTables(blocks);
    for (const jump of useless) ignored.add(jump);
    if (useless.length > 0) continue;
    search.rememberTables();
    return { blocks: makeReducible(copyBranches(blocks)), limits };
  }
}

/** An address that a region may hold, with what is found there. */
class Step {
  readonly address: number;
  /** Undefined until it is looked for. */
  found: Found | undefined;
  entry: Entry | undefined;
  /** What lies right behind it, where the region goes on there without a jump. */
  following: Step | undefined;
  isLeader = false;
  /** Number of the block that it begins, or -1. */
  block = -1;

  constructor(address: number) {
    this.address = address;
  }
}

/** Instructions in a row, and where control came from to the first of them. */
interface Path {
  readonly start: Step;
  readonly before: Path | undefined;
  readonly instructions: Instruction[];
}

class Search {
  readonly #reader: CodeReader;
  #limits: RegionLimits;
  readonly #loop: Loop;
  readonly #surroundings: Surroundings;
  /** By their distance from the entry: a map of small numbers takes half the time. */
  readonly #steps = new Map<number, Step>();
  readonly #entry: number;
  readonly #leaders: Step[] = [];
  /** By the address of the jump. */
  readonly #tables = new Map<number, JumpTable>();
  /** Jumps whose tables are not to be followed. */
  readonly #ignored: ReadonlySet<number>;
  #count = 0;
  /** A region of what lies ahead would leave out jumps backwards, and a loop that begins at its entry. */
  goesBack = false;
  isLoop = false;

  constructor(
    reader: CodeReader,
    entry: number,
    limits: RegionLimits,
    surroundings: Surroundings,
    ignored: ReadonlySet<number>,
  ) {
    this.#reader = reader;
    this.#entry = entry;
    this.#limits = limits;
    this.#loop = limits.loop;
    this.#surroundings = surroundings;
    this.#ignored = ignored;
  }

  explore(): void {
    const waiting: Path[] = [
      { start: this.#lead(this.#step(this.#entry)), before: undefined, instructions: [] },
    ];
    for (let next = 0; next < waiting.length; next++) this.#follow(waiting[next]!, waiting);
  }
  /** Follows a path up to where it jumps, or meets another one; where it may jump to is added to those waiting. */
  #follow(path: Path, waiting: Path[]): void {
    let step = path.start;
    while (step.found === undefined && this.#count < this.#limits.instructions) {
      const found = this.#fetch(step);
      if (typeof found === 'string') return;
      this.#count++;
      this.#reader.note(step.address, found.length);
      const { flow } = step.entry!;
      if (flow === FLOW.jump && directTarget(found) === undefined) this.#findTable(path, found);
      path.instructions.push(found);
      if (flow !== FLOW.next) {
        for (const successor of this.#successors(found, flow)) {
          if (!this.#leadsAhead(step.address, successor)) continue;
          const target = this.#step(successor);
          if (target.isLeader || this.#isEnd(successor)) continue;
          if (this.#leaders.length >= this.#limits.blocks) continue;
          waiting.push({ start: this.#lead(target), before: path, instructions: [] });
        }
        return;
      }
      if (this.#isEnd(found.next)) return;
      step = step.following = this.#step(found.next);
    }
  }
  /** Whether a jump keeps within what the limits allow, but for their numbers. */
  #leadsAhead(from: number, to: number): boolean {
    if (this.#limits.isAhead && to <= from) {
      this.goesBack = true;
      if (to === this.#entry) this.isLoop = true;
      return false;
    }
    return this.#loop !== LOOP.innermost || to >= this.#entry;
  }
  #known(address: number): Step | undefined {
    return this.#steps.get(address - this.#entry);
  }
  #step(address: number): Step {
    let step = this.#known(address);
    if (step === undefined) {
      step = new Step(address);
      this.#steps.set(address - this.#entry, step);
    }
    return step;
  }
  #lead(step: Step): Step {
    step.isLeader = true;
    this.#leaders.push(step);
    return step;
  }
  #findTable(path: Path, jump: Instruction): void {
    if (this.#limits === SINGLE_STEP || this.#limits.isAhead) return;
    const { tables } = this.#surroundings;
    const { address } = jump;
    const table = tables.has(address) ? tables.get(address) : this.#lookForTable(path, jump);
    if (table === undefined || this.#ignored.has(address)) return;
    this.#tables.set(address, table);
    this.#limits = LIMITS_WITH_TABLES;
  }
  /** Notes for later which tables are of use, where nothing is known of them yet. */
  rememberTables(): void {
    const { tables } = this.#surroundings;
    if (tables.size > MOST_TABLES) tables.clear();
    for (const [jump, table] of this.#tables) tables.set(jump, table);
    for (const jump of this.#ignored) if (!tables.has(jump)) tables.set(jump, undefined);
  }
  /** Whether the limits end the region, and not for its tables. */
  get isTooLarge(): boolean {
    return this.#tables.size === 0 && this.#isFull();
  }
  rememberLarge(): void {
    const { large } = this.#surroundings;
    if (large.size > MOST_NOTED) large.clear();
    for (const { address } of this.#leaders) large.add(address);
  }
  #lookForTable(path: Path, jump: Instruction): JumpTable | undefined {
    const rows: Instruction[][] = [];
    let length = 0;
    for (let at: Path | undefined = path; at !== undefined && length < LONGEST_PATH; at = at.before) {
      rows.unshift(at.instructions);
      length += at.instructions.length;
    }
    return findJumpTable(rows.flat(), jump, this.#reader);
  }
  /**
   * Jumps whose tables are better left to the dispatcher: in a region of some size those outside loops, whose cases may never
   * be reached, and all when they make the region too large or lead into the middle of loops.
   */
  uselessTables(blocks: readonly Block[]): number[] {
    if (this.#tables.size === 0) return [];
    const jumps = [...this.#tables.keys()];
    const { isReducible, isInLoop } = shapeOf(blocks);
    if (!isReducible || this.#isFull()) return jumps;
    if (this.#count <= FEW_WITH_TABLES) return [];
    const repeated = new Set(blocks.filter((_, index) => isInLoop[index] === 1).map(({ table }) => table));
    return jumps.filter((jump) => !repeated.has(this.#tables.get(jump)!.address));
  }
  #isFull(): boolean {
    return this.#count >= this.#limits.instructions || this.#leaders.length >= this.#limits.blocks;
  }
  #isEnd(address: number): boolean {
    return this.#count >= this.#limits.repeated && this.#surroundings.isTranslated(address);
  }
  #fetch(step: Step): Found {
    const instruction = this.#reader.instruction(step.address);
    if (instruction === undefined) step.found = 'illegal';
    else if (instruction === 'fault') step.found = 'fault';
    else {
      step.entry = entryOf(instruction);
      step.found = step.entry === undefined ? 'unsupported' : instruction;
    }
    return step.found;
  }
  /** Addresses inside the region that control may jump to, or come back to from a call. */
  #successors(instruction: Instruction, flow: Flow): number[] {
    const target = directTarget(instruction);
    switch (flow) {
      case FLOW.jump:
        return this.#jumpTargets(instruction, target).filter((to) => !this.#surroundings.isFunction(to));
      case FLOW.branch:
        return target === instruction.next ? [target] : [instruction.next, target!];
      case FLOW.leave:
        return [];
      case FLOW.call:
        return this.#isPadding(instruction.next) ? [] : [instruction.next];
      default:
        return [instruction.next];
    }
  }

  #jumpTargets({ address }: Instruction, target: number | undefined): readonly number[] {
    return target !== undefined ? [target] : (this.#tables.get(address)?.targets ?? []);
  }

  /**
   * Whether only padding follows up to where a function could begin. A call there (of abort, say) hardly ever comes
   * back, and what follows is another function; if it does come back, the region is left.
   */
  #isPadding(address: number): boolean {
    let at = address;
    for (;;) {
      const found = this.#reader.instruction(at);
      if (typeof found !== 'object' || found.mnemonic !== 'nop') break;
      at = found.next;
    }
    return at > address && at % FUNCTION_ALIGNMENT === 0;
  }

  graph(): readonly Block[] {
    const heads: Step[] = [];
    const blocks: Block[] = [];
    for (const leader of this.#leaders) {
      const { address, found } = leader;
      if (address !== this.#entry && (found === undefined || found === 'fault')) continue;
      heads.push(leader);
      leader.block = blocks.push(emptyBlock(address)) - 1;
    }
    heads.forEach((head, index) => {
      this.#fill(blocks[index]!, head);
    });
    if (this.#loop !== LOOP.none) keepLoop(blocks);
    this.#addTables(blocks);
    return reversePostorder(blocks);
  }
  /** Puts one block between all jumps through a table and its cases: so a loop around such jumps has a header. */
  #addTables(blocks: Block[]): void {
    const added = new Map<number, number>();
    for (const block of [...blocks]) {
      const jump = block.instructions[block.instructions.length - 1];
      const table = jump === undefined || block.end !== 'flow' ? undefined : this.#tables.get(jump.address);
      if (table === undefined || block.successors.length === 0) continue;
      let number = added.get(table.address);
      if (number === undefined) {
        number = blocks.push({ ...emptyBlock(jump!.address), end: 'table', table: table.address }) - 1;
        added.set(table.address, number);
      }
      const cases = blocks[number]!;
      cases.successors = [...new Set([...cases.successors, ...block.successors])];
      block.successors = [number];
    }
  }
  #fill(block: Block, head: Step): void {
    for (let step: Step | undefined = head; step !== undefined; ) {
      const { found, entry }: Step = step;
      if (found === undefined || found === 'fault') return;
      if (found === 'illegal' || found === 'unsupported') {
        block.end = found;
        return;
      }
      block.instructions.push(found);
      block.effects.push(effectsOf(found, entry));
      block.stop = found.next;
      const { flow } = entry!;
      if (flow !== FLOW.next) {
        block.end = 'flow';
        block.isCall = flow === FLOW.call;
        block.successors = this.#inside(this.#successors(found, flow));
        return;
      }
      step = step.following ?? this.#known(found.next);
      if (step !== undefined && step.block >= 0) {
        block.end = 'fall';
        block.successors = [step.block];
        return;
      }
    }
  }
  #inside(addresses: number[]): number[] {
    if (this.#limits === SINGLE_STEP) return [];
    const blocks: number[] = [];
    for (const address of addresses) {
      const block = this.#known(address)?.block ?? -1;
      if (block >= 0) blocks.push(block);
    }
    return blocks;
  }
}

/** Cuts off what does not lead back to the first block. */
function keepLoop(blocks: readonly Block[]): void {
  const predecessors: number[][] = blocks.map(() => []);
  blocks.forEach(({ successors }, index) => {
    for (const successor of successors) predecessors[successor]!.push(index);
  });
  const kept = new Set([0]);
  for (const index of kept) for (const before of predecessors[index]!) kept.add(before);
  for (const block of blocks) block.successors = block.successors.filter((successor) => kept.has(successor));
}

import type { Instruction } from '../decode/instruction.ts';
import { entryOf } from '../lift/registry.ts';
import { effectsOf } from './analysis.ts';
import type { CodeReader } from './code-reader.ts';
import { directTarget, FLOW } from './effects.ts';
import { type Block, type Graph, reversePostorder } from './graph.ts';

/** Bounds of a region, so that hostile code cannot make a huge one. */
export interface RegionLimits {
  readonly instructions: number;
  readonly blocks: number;
}
export const REGION_LIMITS: RegionLimits = { instructions: 2000, blocks: 500 };
/** A region of the one instruction at its entry. */
export const SINGLE_STEP: RegionLimits = { instructions: 1, blocks: 1 };

/**
 * Instructions that a region may repeat of others before it ends at what is translated. Without some, the cases of a
 * switch in a loop would each leave for the head of the loop.
 */
const REPEATED_INSTRUCTIONS = 100;

/** Compilers begin functions at multiples of this. */
const FUNCTION_ALIGNMENT = 16;

type Found = Instruction | 'fault' | 'illegal' | 'unsupported';

/** What is known about addresses that a region may reach. */
export interface Surroundings {
  /** Function entries: a jump to one is a tail call. */
  isFunction(address: number): boolean;
  /** What has a translation already: a region that is large enough ends there, whatever leads to it. */
  isTranslated(address: number): boolean;
}

/**
 * Finds the control-flow graph of the function at `entry`: follows jumps and branches, and calls to the
 * instruction behind them.
 */
export function discover(
  reader: CodeReader,
  entry: number,
  limits: RegionLimits,
  surroundings: Surroundings,
): Graph {
  const search = new Search(reader, limits, {
    isFunction: (address) => address !== entry && surroundings.isFunction(address),
    isTranslated: (address) => address !== entry && surroundings.isTranslated(address),
  });
  search.explore(entry);
  return search.graph(entry);
}

class Search {
  readonly #reader: CodeReader;
  readonly #limits: RegionLimits;
  readonly #surroundings: Surroundings;
  readonly #found = new Map<number, Found>();
  readonly #leaders = new Set<number>();
  #count = 0;

  constructor(reader: CodeReader, limits: RegionLimits, surroundings: Surroundings) {
    this.#reader = reader;
    this.#limits = limits;
    this.#surroundings = surroundings;
  }

  explore(entry: number): void {
    const waiting = [entry];
    this.#leaders.add(entry);
    for (let next = 0; next < waiting.length; next++) {
      let address = waiting[next]!;
      while (!this.#found.has(address) && this.#count < this.#limits.instructions) {
        const found = this.#fetch(address);
        this.#found.set(address, found);
        if (typeof found === 'string') break;
        this.#count++;
        this.#reader.note(address, found.length);
        const flow = entryOf(found)!.flow;
        for (const successor of this.#successors(found)) {
          if (flow === FLOW.next) continue;
          if (this.#leaders.has(successor) || this.#isEnd(successor)) continue;
          if (this.#leaders.size >= this.#limits.blocks) continue;
          this.#leaders.add(successor);
          waiting.push(successor);
        }
        if (flow !== FLOW.next) break;
        address = found.next;
        if (this.#isEnd(address)) break;
      }
    }
  }
  #isEnd(address: number): boolean {
    return this.#count >= REPEATED_INSTRUCTIONS && this.#surroundings.isTranslated(address);
  }
  #fetch(address: number): Found {
    const instruction = this.#reader.instruction(address);
    if (instruction === undefined) return 'illegal';
    if (instruction === 'fault') return 'fault';
    return entryOf(instruction) === undefined ? 'unsupported' : instruction;
  }
  /** Addresses inside the region that control may go to. */
  #successors(instruction: Instruction): number[] {
    const target = directTarget(instruction);
    switch (entryOf(instruction)!.flow) {
      case FLOW.jump:
        return target !== undefined && !this.#surroundings.isFunction(target) ? [target] : [];
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

  graph(entry: number): Graph {
    const numbers = new Map<number, number>();
    const blocks: Block[] = [];
    for (const leader of this.#leaders) {
      const found = this.#found.get(leader);
      if (leader !== entry && (found === undefined || found === 'fault')) continue;
      numbers.set(leader, blocks.length);
      blocks.push({
        start: leader,
        instructions: [],
        effects: [],
        end: 'out',
        stop: leader,
        isCall: false,
        successors: [],
        predecessors: [],
      });
    }
    for (const block of blocks) this.#fill(block, numbers);
    const sorted = reversePostorder(blocks);
    return { blocks: sorted, byAddress: new Map(sorted.map((block, index) => [block.start, index])) };
  }
  #fill(block: Block, numbers: Map<number, number>): void {
    for (let address = block.start; ; ) {
      const found = this.#found.get(address);
      block.stop = address;
      if (found === undefined || found === 'fault') return;
      if (found === 'illegal' || found === 'unsupported') {
        block.end = found;
        return;
      }
      block.instructions.push(found);
      block.effects.push(effectsOf(found));
      block.stop = address = found.next;
      if (entryOf(found)!.flow !== FLOW.next) {
        block.end = 'flow';
        block.isCall = entryOf(found)!.flow === FLOW.call;
        block.successors = this.#inside(this.#successors(found), numbers);
        return;
      }
      if (numbers.has(address)) {
        block.end = 'fall';
        block.successors = [numbers.get(address)!];
        return;
      }
    }
  }
  #inside(addresses: number[], numbers: Map<number, number>): number[] {
    if (this.#limits === SINGLE_STEP) return [];
    return addresses.flatMap((address) => numbers.get(address) ?? []);
  }
}

import { type Access, type BlockAccesses, OWN_BASES, type Value } from './accesses.ts';
import type { Block } from './graph.ts';
import { comesBack } from './stack-needs.ts';

const REGISTERS = 16;
/** No way to the block was looked at yet. */
const UNSEEN = -2;
/** Rounds after which every block begins with values of its own. */
const MOST_ROUNDS = 16;

/**
 * Numbers the values that registers have in a region, so that equal numbers are equal values: a register that all ways
 * into a block leave as it was, around a loop too, keeps its number. Where other code has run, all are new.
 */
export class RegionValues {
  readonly #accesses: readonly BlockAccesses[];
  /** The first number of those that a block makes, the values that its registers begin with leading. */
  readonly #own: Int32Array;
  readonly #base: Int32Array;
  readonly #delta: Float64Array;

  constructor(blocks: readonly Block[], accesses: readonly BlockAccesses[]) {
    this.#accesses = accesses;
    this.#own = new Int32Array(blocks.length);
    for (let index = 1; index < blocks.length; index++)
      this.#own[index] = this.#own[index - 1]! + accesses[index - 1]!.bases;
    this.#base = new Int32Array(blocks.length * REGISTERS).fill(UNSEEN);
    this.#delta = new Float64Array(blocks.length * REGISTERS);
    this.#begin(0);
    const isNew = blocks.map(({ instructions }) => comesBack(instructions[instructions.length - 1]));
    for (let round = 0, changed = true; changed; round++) {
      if (round === MOST_ROUNDS) {
        for (let index = 0; index < blocks.length; index++) this.#begin(index);
        return;
      }
      changed = false;
      for (let index = 1; index < blocks.length; index++)
        if (this.#meet(index, blocks[index]!.predecessors, isNew)) changed = true;
    }
  }
  #begin(index: number): void {
    for (let register = 0; register < REGISTERS; register++)
      this.#set(index, register, this.#own[index]! + register, 0);
  }
  #set(index: number, register: number, base: number, delta: number): boolean {
    const at = index * REGISTERS + register;
    if (this.#base[at] === base && this.#delta[at] === delta) return false;
    this.#base[at] = base;
    this.#delta[at] = delta;
    return true;
  }
  #meet(index: number, predecessors: readonly number[], isNew: readonly boolean[]): boolean {
    let changed = false;
    for (let register = 0; register < REGISTERS; register++) {
      const own = this.#own[index]! + register;
      if (this.#base[index * REGISTERS + register] === own) continue;
      let met: Value | undefined;
      for (const from of predecessors) {
        if (this.#base[from * REGISTERS] === UNSEEN) continue;
        const value = isNew[from]
          ? { base: own, delta: 0 }
          : this.resolve(from, this.#accesses[from]!.values[register]!);
        if (met === undefined) met = value;
        else if (met.base !== value.base || met.delta !== value.delta) met = { base: own, delta: 0 };
      }
      if (met !== undefined && this.#set(index, register, met.base, met.delta)) changed = true;
    }
    return changed;
  }

  /** The accesses of a block by base, each base's in order. */
  accesses(index: number): Map<number, Access[]> {
    const byBase = new Map<number, Access[]>();
    for (const [ofBlock, accesses] of this.#accesses[index]!.byBase) {
      const { base, delta } = this.resolve(index, { base: ofBlock, delta: 0 });
      const moved =
        delta === 0 ? accesses : accesses.map((access) => ({ ...access, offset: access.offset + delta }));
      const others = byBase.get(base);
      byBase.set(base, others === undefined ? moved : [...others, ...moved].sort((a, b) => a.at - b.at));
    }
    return byBase;
  }
  /** What a value of a block's is among those of the region. */
  resolve(index: number, { base, delta }: Value): Value {
    if (base < 0) return { base, delta };
    if (base >= OWN_BASES) return { base: this.#own[index]! + base, delta };
    const at = index * REGISTERS + base;
    return { base: this.#base[at]!, delta: this.#delta[at]! + delta };
  }
}

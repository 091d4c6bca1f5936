import { lowest } from '../../machine/bits.ts';
import { RSP } from '../../machine/cpu-state.ts';
import { type Access, type BlockAccesses, OWN_BASES, type Value } from './accesses.ts';
import { comesBack } from './effects.ts';
import { type Block, settle } from './graph.ts';

const REGISTERS = 16;
/** No way to the block was followed yet. */
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
  /** Blocks that some way was followed to. */
  readonly #isSeen: Uint8Array;
  readonly #base: Int32Array;
  readonly #delta: Float64Array;
  readonly #resolved: Map<number, Access[]>[] = [];
  /** Registers whose values matter, as bits: some access is made through them, or they become the value of one that is. */
  readonly #used: number;

  constructor(blocks: readonly Block[], accesses: readonly BlockAccesses[]) {
    this.#accesses = accesses;
    this.#own = new Int32Array(blocks.length);
    for (let index = 1; index < blocks.length; index++)
      this.#own[index] = this.#own[index - 1]! + accesses[index - 1]!.bases;
    this.#isSeen = new Uint8Array(blocks.length);
    this.#base = new Int32Array(blocks.length * REGISTERS).fill(UNSEEN);
    this.#delta = new Float64Array(blocks.length * REGISTERS);
    this.#used = usedRegisters(accesses);
    this.#begin(0);
    const isNew = blocks.map(({ effects }) => comesBack(effects[effects.length - 1]));
    const meet = (index: number) => index > 0 && this.#meet(index, blocks[index]!.predecessors, isNew);
    if (settle(blocks, 'forwards', meet, MOST_ROUNDS)) return;
    for (let index = 0; index < blocks.length; index++) this.#begin(index);
  }
  #begin(index: number): void {
    for (let register = 0; register < REGISTERS; register++)
      this.#set(index, register, this.#own[index]! + register, 0);
    this.#isSeen[index] = 1;
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
    for (let left = this.#used; left !== 0; left &= left - 1) {
      const register = lowest(left);
      const own = this.#own[index]! + register;
      if (this.#base[index * REGISTERS + register] === own) continue;
      let base = UNSEEN;
      let delta = 0;
      for (const from of predecessors) {
        if (this.#isSeen[from] === 0) continue;
        const value = this.#accesses[from]!.values[register]!;
        const fromBase = isNew[from] ? own : this.#baseOf(from, value);
        const fromDelta = isNew[from] ? 0 : this.#deltaOf(from, value);
        const isEqual = base === UNSEEN || (base === fromBase && delta === fromDelta);
        base = isEqual ? fromBase : own;
        delta = isEqual ? fromDelta : 0;
        if (base === own) break;
      }
      if (base !== UNSEEN && this.#set(index, register, base, delta)) changed = true;
    }
    this.#isSeen[index] = 1;
    return changed;
  }

  /** The accesses of a block by base, each base's in order. */
  accesses(index: number): ReadonlyMap<number, readonly Access[]> {
    const known = this.#resolved[index];
    if (known !== undefined) return known;
    const byBase = new Map<number, Access[]>();
    for (const [ofBlock, accesses] of this.#accesses[index]!.byBase) {
      const { base, delta } = this.resolve(index, { base: ofBlock, delta: 0 });
      const moved =
        delta === 0 ? accesses : accesses.map((access) => ({ ...access, offset: access.offset + delta }));
      const others = byBase.get(base);
      byBase.set(base, others === undefined ? moved : [...others, ...moved].sort((a, b) => a.at - b.at));
    }
    this.#resolved[index] = byBase;
    return byBase;
  }
  /** What a value of a block's is among those of the region. */
  resolve(index: number, value: Value): Value {
    return { base: this.#baseOf(index, value), delta: this.#deltaOf(index, value) };
  }
  #baseOf(index: number, { base }: Value): number {
    if (base < 0) return base;
    return base >= OWN_BASES ? this.#own[index]! + base : this.#base[index * REGISTERS + base]!;
  }
  #deltaOf(index: number, { base, delta }: Value): number {
    return base < 0 || base >= OWN_BASES ? delta : delta + this.#delta[index * REGISTERS + base]!;
  }
}

function usedRegisters(accesses: readonly BlockAccesses[]): number {
  let used = 1 << RSP;
  for (const { byBase } of accesses)
    for (const base of byBase.keys()) if (base >= 0 && base < REGISTERS) used |= 1 << base;
  for (let before = 0; used !== before; ) {
    before = used;
    for (let left = used; left !== 0; left &= left - 1) {
      const register = lowest(left);
      for (const { values } of accesses) {
        const { base } = values[register]!;
        if (base >= 0 && base < REGISTERS) used |= 1 << base;
      }
    }
  }
  return used;
}

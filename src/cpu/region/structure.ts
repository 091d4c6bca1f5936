import { STATE } from '../../machine/cpu-state.ts';
import { Exit } from '../../process/executor.ts';
import { liftStackRun, stackRunLength } from '../lift/stack-run.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import { planAccesses } from './access-plans.ts';
import { analyse, type BlockFacts } from './analysis.ts';
import { comesBack } from './effects.ts';
import {
  checksTogether,
  type Emitter,
  type Placement,
  STACK_LEFT,
  type Target,
  type Transfers,
} from './emitter.ts';
import { FLAGS_DEAD, FLAGS_DYNAMIC, FLAGS_IN_MEMORY } from './flag-kinds.ts';
import { type Block, type Shape, shapeOf } from './graph.ts';
import type { AccessPlan } from './groups.ts';
import { flagsOfKind } from './lazy-flags.ts';
import { checkStack, leaveTo, leaveToLocal } from './leaving.ts';
import { addressesOf, isAddressOf } from './reducible.ts';
import { scatter } from './scatter.ts';
import { NO_NEEDS, type Range, type StackNeeds } from './stack-needs.ts';
import { planStreams } from './streams.ts';

/** Most fuel charged at once, so that a large function does not pay for what it skips. */
const MOST_FUEL = 64;
/** Fuel for a round of a loop of cases, which charges nothing else. */
const FUEL_OF_A_CASE = 8;

const NOTHING = -1;

/** A block that a jump with its address in a local may go to. */
interface Case {
  readonly target: number;
  readonly address: number;
}

type Label = { readonly block: number; readonly kind: 'after' | 'loop' } | undefined;

/**
 * Emits the blocks of a region, whose graph must be reducible, as nested blocks, loops and ifs by its dominator tree. Each
 * block that several paths reach, and each case of a switch, follows a wasm block that is broken out of.
 */
export class Structure implements Transfers {
  readonly #e: Emitter;
  readonly #blocks: readonly Block[];
  readonly #shape: Shape;
  readonly #facts: BlockFacts[];
  readonly #plans: (AccessPlan | undefined)[][];
  readonly #needs: StackNeeds[];
  /** For each block, the merges and cases it dominates immediately, the last in order first. */
  readonly #merges: number[][];
  /** What holds at the start of a case that only one jump reaches. */
  readonly #atCase = new Map<number, Placement>();
  /** Blocks that each block dominates. */
  readonly #sizes: Int32Array;
  readonly #labels: Label[] = [];
  /** Local with the address that a jump through a table goes to. */
  readonly #target: number;
  /** The block whose code is being emitted. */
  #current = 0;
  /** The block that comes next in place, if any. */
  #inPlace = NOTHING;

  constructor(e: Emitter, blocks: readonly Block[]) {
    this.#e = e;
    this.#blocks = blocks;
    this.#shape = shapeOf(blocks);
    this.#plans = blocks.map(({ instructions }) => new Array<AccessPlan | undefined>(instructions.length));
    this.#needs = checksTogether(e.mode)
      ? planAccesses(blocks, this.#shape.dominator, this.#plans)
      : blocks.map(() => NO_NEEDS);
    this.#facts = analyse(blocks, this.#shape);
    planStreams(blocks, this.#shape.loops, this.#plans);
    this.#merges = blocks.map(() => []);
    for (let index = blocks.length - 1; index > 0; index--) {
      if (this.#isLabelled(index)) this.#merges[this.#shape.dominator[index]!]!.push(index);
    }
    this.#sizes = subtreeSizes(this.#shape.dominator);
    this.#target = blocks.some(({ end }) => end === 'table') ? e.newLocal(I64) : -1;
    e.transfers = this;
  }

  emit(): void {
    const { code } = this.#e;
    if (this.#shape.chargesFuel.includes(1)) this.#e.useFuelLocal();
    this.#e.enter();
    this.#chargeEntry();
    this.#checkStack(this.#needs[0]!.atStart, this.#blocks[0]!.start);
    this.#adapt(0);
    this.#inPlace = 0;
    this.#emitTree();
    code.op(OP.unreachable);
  }

  // Transfers. A block's terminator calls one of them last; a block to be emitted in place is left to #emitTree.

  jump(address: number): void {
    const target = this.#inside(address);
    if (target === undefined) {
      leaveTo(this.#e, address);
      return;
    }
    if (comesBack(this.#blocks[this.#current]!.effects.at(-1)))
      this.#checkStack(this.#needs[target]!.atStart, address);
    if (this.#blocks[target]!.start !== address) {
      this.#e.code.i64(address);
      this.#e.code.set(this.#target);
    }
    this.#transfer(target);
  }
  /** Of two blocks to be emitted in place the smaller goes into the `if`, so that nesting stays shallow. */
  branch(taken: number, otherwise: number): void {
    const { code } = this.#e;
    if (taken === otherwise) {
      code.op(OP.drop);
      this.jump(taken);
      return;
    }
    let [first, second] = [taken, otherwise];
    if (this.#sizeInPlace(first) > this.#sizeInPlace(second)) {
      code.op(OP.i32_eqz);
      [first, second] = [second, first];
    }
    const before = this.#e.placement();
    const current = this.#current;
    code.if(VOID);
    this.#labels.push(undefined);
    this.jump(first);
    this.#emitTree();
    this.#labels.pop();
    code.end();
    this.#e.restore(before);
    this.#current = current;
    this.jump(second);
  }
  jumpToLocal(target: Target): void {
    const [cases] = this.#blocks[this.#current]!.successors;
    if (cases === undefined) {
      leaveToLocal(this.#e, target);
      return;
    }
    this.#e.code.get(target.local);
    this.#e.code.set(this.#target);
    this.#transfer(cases);
  }
  #checkStack(range: Range | undefined, address: number): void {
    if (range !== undefined) checkStack(this.#e, range, address);
  }
  /** The block at an address, if the graph has an edge to it from here. */
  #inside(address: number): number | undefined {
    const { successors } = this.#blocks[this.#current]!;
    return successors.find((index) => isAddressOf(this.#blocks, index, address));
  }
  #sizeInPlace(address: number): number {
    const target = this.#inside(address);
    return target === undefined || this.#isReachedByBreak(target) ? 0 : this.#sizes[target]!;
  }

  /** Goes to a block of the region: by a break, or by emitting it here if nothing else leads to it. */
  #transfer(target: number): void {
    if (target <= this.#current && this.#shape.chargesFuel[target] === 1) this.#chargeLoop(target);
    this.#adapt(target);
    if (!this.#meets(target) && this.#shape.isCase[target] === 1)
      this.#atCase.set(target, this.#e.placement());
    if (this.#isReachedByBreak(target)) this.#e.code.br(this.#depthOf(target));
    else this.#inPlace = target;
  }
  /** Whether several edges lead to the block, so that what it expects is fixed beforehand. */
  #meets(target: number): boolean {
    const { isMerge, isLoopHeader } = this.#shape;
    return isMerge[target] === 1 || isLoopHeader[target] === 1;
  }
  /** A loop header that is no merge is entered in place, once; its back edges are breaks. */
  #isReachedByBreak(target: number): boolean {
    return this.#isLabelled(target) || target <= this.#current;
  }
  #isLabelled(index: number): boolean {
    return this.#shape.isMerge[index] === 1 || this.#shape.isCase[index] === 1;
  }
  #depthOf(target: number): number {
    const kind = target <= this.#current ? 'loop' : 'after';
    for (let depth = 0; depth < this.#labels.length; depth++) {
      const label = this.#labels[this.#labels.length - 1 - depth];
      if (label?.block === target && label.kind === kind) return depth;
    }
    throw new Error(`no label for block ${target}`);
  }
  /** Brings registers and flags to where the target expects them. */
  #adapt(target: number): void {
    const facts = this.#facts[target]!;
    if (this.#meets(target)) this.#e.clean(this.#e.dirty & ~facts.dirtyIn);
    this.#e.load(facts.validIn & ~this.#e.valid);
    if (!this.#meets(target) || !facts.flagsLiveIn) return;
    if (this.#keepsFlagsInMemory(target)) this.#e.flags.putInMemory();
    else this.#e.flags.makeDynamic();
  }

  /** At the head of a loop, flags that nothing reads cost less in memory than in locals that each round sets. */
  #keepsFlagsInMemory(target: number): boolean {
    return this.#shape.isLoopHeader[target] === 1 && !this.#facts[target]!.flagsReadIn;
  }

  // Structured emission

  /** Emits the block to be emitted in place, if there is one, and all that it dominates. */
  #emitTree(): void {
    const { code } = this.#e;
    const bottom = this.#labels.length;
    for (;;) {
      const index = this.#inPlace;
      this.#inPlace = NOTHING;
      if (index !== NOTHING) {
        this.#open(index);
        this.#body(index);
        continue;
      }
      if (this.#labels.length === bottom) return;
      const label = this.#labels.pop()!;
      code.end();
      if (label.kind === 'loop') code.op(OP.unreachable);
      else {
        this.#e.restore(this.#atCase.get(label.block) ?? this.#placementAt(label.block));
        this.#inPlace = label.block;
      }
    }
  }
  /** Opens the loop of a header, and a wasm block for each merge below it, the first to follow innermost. */
  #open(index: number): void {
    const { code } = this.#e;
    if (this.#shape.isLoopHeader[index] === 1) {
      code.loop(VOID);
      this.#labels.push({ block: index, kind: 'loop' });
      this.#e.restore(this.#placementAt(index));
    }
    for (const merge of this.#merges[index]!) {
      code.block(VOID);
      this.#labels.push({ block: merge, kind: 'after' });
    }
  }
  /** What holds at the start of a block that several paths reach. */
  #placementAt(index: number): Placement {
    const { validIn, dirtyIn, flagsLiveIn } = this.#facts[index]!;
    const live = this.#keepsFlagsInMemory(index) ? FLAGS_IN_MEMORY : FLAGS_DYNAMIC;
    return {
      valid: validIn,
      dirty: dirtyIn,
      flags: flagsOfKind(flagsLiveIn ? live : FLAGS_DEAD),
    };
  }

  // Blocks

  #body(index: number): void {
    const e = this.#e;
    const block = this.#blocks[index]!;
    const { flagsLiveAfter } = this.#facts[index]!;
    this.#current = index;
    const plans = this.#plans[index]!;
    const needs = this.#needs[index]!;
    const { instructions, effects } = block;
    for (let at = 0; at < instructions.length; ) {
      const instruction = instructions[at]!;
      e.instruction = instruction;
      e.plan = plans[at];
      e.flags.live = flagsLiveAfter[at]!;
      const run = stackRunLength(instructions, at, plans);
      if (run > 0) liftStackRun(e, instructions.slice(at, at + run), plans.slice(at, at + run));
      else effects[at]!.entry.lift(e, instruction);
      at += Math.max(run, 1);
      e.releaseTemps();
      this.#checkStack(needs.after.get(at - 1), instructions[at - 1]!.next);
    }
    if (block.end === 'fall') this.jump(block.stop);
    else if (block.end === 'table') this.#select(block);
    else if (block.end === 'out') leaveTo(e, block.stop);
    else if (block.end === 'illegal') e.exitFor(Exit.illegal, block.stop);
    else if (block.end === 'unsupported') e.exitFor(Exit.unsupported, block.stop);
  }

  /**
   * Goes to the case at the address in #target. A br_table of a hash leads to a comparison with each address that has
   * that hash: whatever stood in the guest's table, control goes where the guest's jump goes, if need be out of the region.
   */
  #select({ successors }: Block): void {
    const { code } = this.#e;
    const before = this.#e.placement();
    const cases = [...new Set(successors)].flatMap((target) =>
      addressesOf(this.#blocks, target).map((address) => ({ target, address })),
    );
    const { multiplier, shift, buckets } = scatter(cases.map(({ address }) => address));
    const used = buckets.filter((bucket) => bucket.length > 0);
    for (let open = 0; open <= used.length; open++) {
      code.block(VOID);
      this.#labels.push(undefined);
    }
    code.get(this.#target);
    code.op(OP.i32_wrap_i64);
    code.i32op(OP.i32_mul, multiplier);
    code.i32op(OP.i32_shr_u, shift);
    code.op(OP.br_table);
    code.unsigned(buckets.length);
    let depth = 0;
    for (const bucket of buckets) code.unsigned(bucket.length > 0 ? depth++ : used.length);
    code.unsigned(used.length);
    used.forEach((bucket, index) => {
      code.end();
      this.#labels.pop();
      for (const which of bucket) this.#enterCase(cases[which]!, before);
      code.br(used.length - 1 - index);
    });
    code.end();
    this.#labels.pop();
    this.#e.restore(before);
    leaveToLocal(this.#e, { local: this.#target });
    this.#e.releaseTemps();
  }
  #enterCase({ target, address }: Case, before: Placement): void {
    const { code } = this.#e;
    this.#e.restore(before);
    code.get(this.#target);
    code.i64op(OP.i64_eq, address);
    code.ifLikely(VOID);
    this.#labels.push(undefined);
    this.#transfer(target);
    this.#labels.pop();
    code.end();
  }

  // Fuel

  /**
   * Looks at what was left before it is charged, so that any fuel at all makes progress. Also leaves when the host
   * stack left to this region is used up: the RIP it returns unwinds all callers.
   */
  #chargeEntry(): void {
    const e = this.#e;
    const { code } = e;
    const { start, instructions } = this.#blocks[0]!;
    const amount = Math.min(MOST_FUEL, instructions.length + 1);
    const before = e.temp(I32);
    const pushLess = (pushBefore: () => void) => {
      pushBefore();
      code.tee(before);
      code.i32op(OP.i32_sub, amount);
    };
    if (e.fuel >= 0) {
      pushLess(() => code.get(e.fuel));
      code.set(e.fuel);
    } else e.storeState(I32, STATE.fuel, () => pushLess(() => e.loadState(I32, STATE.fuel)));
    code.get(before);
    code.get(STACK_LEFT);
    code.op(OP.i32_or);
    code.i32op(OP.i32_lt_s, 0);
    code.ifUnlikely(VOID);
    code.get(STACK_LEFT);
    code.i32op(OP.i32_lt_s, 0);
    code.ifUnlikely(VOID);
    e.storeDirty();
    code.i64(start);
    e.return();
    code.end();
    code.i64(start);
    code.get(STACK_LEFT);
    e.callRarely('outOfFuel');
    code.if(VOID);
    e.exitFor(Exit.fuel, start);
    code.end();
    e.loadFuel();
    code.end();
    e.releaseTemps();
  }
  /** At the end of a round, where the kind of the flags is known: at the header it would have to be a local. */
  #chargeLoop(header: number): void {
    const { code } = this.#e;
    const { start, instructions, end } = this.#blocks[header]!;
    const isTable = end === 'table';
    code.get(this.#e.fuel);
    code.i32op(OP.i32_sub, isTable ? FUEL_OF_A_CASE : Math.min(MOST_FUEL, instructions.length + 1));
    code.tee(this.#e.fuel);
    code.i32op(OP.i32_lt_s, 0);
    code.ifUnlikely(VOID);
    if (isTable) code.get(this.#target);
    else code.i64(start);
    code.get(STACK_LEFT);
    this.#e.callRarely('outOfFuel');
    code.if(VOID);
    if (isTable) this.#e.exitForLocal(Exit.fuel, this.#target);
    else this.#e.exitFor(Exit.fuel, start);
    code.end();
    this.#e.loadFuel();
    code.end();
  }
}

function subtreeSizes(dominator: Int32Array): Int32Array {
  const sizes = new Int32Array(dominator.length).fill(1);
  for (let index = dominator.length - 1; index > 0; index--) sizes[dominator[index]!]! += sizes[index]!;
  return sizes;
}

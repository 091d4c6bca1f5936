import { STATE } from '../../machine/cpu-state.ts';
import { Exit } from '../../process/executor.ts';
import { entryOf } from '../lift/registry.ts';
import { I32, OP, VOID } from '../wasm/opcodes.ts';
import { analyse, type BlockFacts } from './analysis.ts';
import { type Emitter, type Placement, STACK_LEFT, type Transfers } from './emitter.ts';
import { FLAGS_DEAD, FLAGS_DYNAMIC } from './flag-kinds.ts';
import { type Block, type Graph, type Shape, shapeOf } from './graph.ts';
import { planGroups } from './groups.ts';
import { leaveTo } from './leaving.ts';

/** Deeper dominator trees than this are emitted as one dispatch loop: wasm nesting and our own recursion are bounded. */
const DEEPEST_TREE = 250;
/** Most fuel charged at once, so that a large function does not pay for what it skips. */
const MOST_FUEL = 64;

type Label = { readonly block: number; readonly kind: 'after' | 'loop' } | undefined;

/**
 * Emits the blocks of a region. A reducible graph becomes nested blocks, loops and ifs by its dominator tree (each
 * block that several paths reach follows a wasm block that they break out of); any other becomes a loop around a
 * br_table.
 */
export class Structure implements Transfers {
  readonly #e: Emitter;
  readonly #blocks: readonly Block[];
  readonly #byAddress: ReadonlyMap<number, number>;
  readonly #shape: Shape;
  readonly #facts: BlockFacts[];
  readonly #children: number[][];
  readonly #labels: Label[] = [];
  readonly #isFlat: boolean;
  readonly #next: number;
  #current = 0;

  constructor(e: Emitter, graph: Graph) {
    this.#e = e;
    this.#blocks = graph.blocks;
    this.#byAddress = graph.byAddress;
    this.#shape = shapeOf(graph.blocks);
    this.#facts = analyse(graph.blocks, this.#shape);
    this.#children = graph.blocks.map(() => []);
    graph.blocks.forEach((_, index) => {
      if (index > 0) this.#children[this.#shape.dominator[index]!]!.push(index);
    });
    this.#isFlat = !this.#shape.isReducible || this.#shape.depth > DEEPEST_TREE;
    this.#next = this.#isFlat ? e.locals.push(I32) : -1;
    e.transfers = this;
  }

  emit(): void {
    const { code } = this.#e;
    this.#e.forget();
    this.#chargeEntry();
    this.#adapt(0, this.#meets(0));
    if (this.#isFlat) this.#emitFlat();
    else this.#enter(0);
    code.op(OP.unreachable);
  }

  // Transfers

  jump(address: number): void {
    const target = this.#inside(address);
    if (target === undefined) leaveTo(this.#e, address);
    else this.#transfer(target);
  }
  branch(taken: number, otherwise: number): void {
    const { code } = this.#e;
    if (taken === otherwise) {
      code.op(OP.drop);
      this.jump(taken);
      return;
    }
    const before = this.#e.placement();
    code.if(VOID);
    this.#labels.push(undefined);
    this.jump(taken);
    this.#labels.pop();
    code.end();
    this.#e.restore(before);
    this.jump(otherwise);
  }
  #inside(address: number): number | undefined {
    return this.#e.isStep ? undefined : this.#byAddress.get(address);
  }

  /** Goes to a block of the region: by a break, or by emitting it here if nothing else leads to it. */
  #transfer(target: number): void {
    const meets = this.#meets(target);
    this.#adapt(target, meets);
    if (this.#isFlat) {
      this.#e.code.i32(target);
      this.#e.code.set(this.#next);
      this.#e.code.br(this.#labels.length - 1);
    } else if (meets && this.#isOpen(target)) this.#e.code.br(this.#depthOf(target));
    else this.#enter(target);
  }
  #meets(target: number): boolean {
    const { isMerge, isLoopHeader } = this.#shape;
    return this.#isFlat || isMerge[target] === 1 || isLoopHeader[target] === 1;
  }
  /** Whether breaking to the block is possible here: a loop header is entered once, in place, unless it is a merge. */
  #isOpen(target: number): boolean {
    return this.#shape.isMerge[target] === 1 || target <= this.#current;
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
  #adapt(target: number, meets: boolean): void {
    const facts = this.#facts[target]!;
    this.#e.load(facts.validIn & ~this.#e.valid);
    if (meets && facts.flagsLiveIn) this.#e.makeFlagsDynamic();
  }

  // Structured emission

  #enter(index: number): void {
    const { code } = this.#e;
    const outer = this.#current;
    const isLoop = this.#shape.isLoopHeader[index] === 1;
    if (isLoop) {
      code.loop(VOID);
      this.#labels.push({ block: index, kind: 'loop' });
      this.#e.restore(this.#placementAt(index));
    }
    const merges = this.#children[index]!.filter((child) => this.#shape.isMerge[child] === 1);
    merges.sort((a, b) => b - a);
    this.#within(index, merges, 0);
    if (isLoop) {
      this.#labels.pop();
      code.end();
      code.op(OP.unreachable);
    }
    this.#current = outer;
  }
  #within(index: number, merges: readonly number[], at: number): void {
    if (at === merges.length) {
      this.#body(index);
      return;
    }
    const merge = merges[at]!;
    this.#e.code.block(VOID);
    this.#labels.push({ block: merge, kind: 'after' });
    this.#within(index, merges, at + 1);
    this.#labels.pop();
    this.#e.code.end();
    this.#e.restore(this.#placementAt(merge));
    this.#enter(merge);
  }
  /** What holds at the start of a block that several paths reach. */
  #placementAt(index: number): Placement {
    const { validIn, dirtyIn, flagsLiveIn } = this.#facts[index]!;
    return {
      valid: validIn,
      dirty: dirtyIn,
      flags: flagsLiveIn ? FLAGS_DYNAMIC : FLAGS_DEAD,
      hasLeft: false,
    };
  }

  // Irreducible graphs

  #emitFlat(): void {
    const { code } = this.#e;
    const { length } = this.#blocks;
    code.loop(VOID);
    this.#labels.push(undefined);
    for (let index = 0; index < length; index++) code.block(VOID);
    code.get(this.#next);
    code.op(OP.br_table);
    code.unsigned(length);
    for (let index = 0; index < length; index++) code.unsigned(index);
    code.unsigned(0);
    for (let index = 0; index < length; index++) {
      code.end();
      // Inside block `index` the loop lies as many labels out as there are blocks still open.
      for (let open = index + 1; open < length; open++) this.#labels.push(undefined);
      this.#e.restore(this.#placementAt(index));
      this.#body(index);
      this.#labels.length = 1;
    }
    code.end();
  }

  // Blocks

  #body(index: number): void {
    const e = this.#e;
    const block = this.#blocks[index]!;
    const { flagsLiveAfter } = this.#facts[index]!;
    this.#current = index;
    if (this.#shape.chargesFuel[index] === 1) this.#chargeLoop(block);
    const plans = planGroups(block.instructions);
    e.closeGroups();
    block.instructions.forEach((instruction, at) => {
      e.instruction = instruction;
      e.plan = plans[at];
      e.flagsLive = flagsLiveAfter[at]!;
      entryOf(instruction)!.lift(e, instruction);
      e.releaseTemps();
    });
    if (block.end === 'fall') this.jump(block.stop);
    else if (block.end === 'out') leaveTo(e, block.stop);
    else if (block.end === 'illegal') e.exitFor(Exit.illegal, block.stop);
    else if (block.end === 'unsupported') e.exitFor(Exit.unsupported, block.stop);
  }

  // Fuel: what is left is looked at before it is charged, so that any fuel at all makes progress.

  /** Charges fuel and pushes what was left before. */
  #spend(amount: number): void {
    const { code } = this.#e;
    const fuel = this.#e.temp(I32);
    this.#e.storeState(I32, STATE.fuel, () => {
      this.#e.loadState(I32, STATE.fuel);
      code.tee(fuel);
      code.i32op(OP.i32_sub, amount);
    });
    code.get(fuel);
    this.#e.releaseTemps();
  }
  /** Also leaves when the host stack left to this region is used up: the RIP it returns unwinds all callers. */
  #chargeEntry(): void {
    const { code } = this.#e;
    const entry = this.#blocks[0]!.start;
    this.#spend(Math.min(MOST_FUEL, this.#blocks[0]!.instructions.length + 1));
    code.get(STACK_LEFT);
    code.op(OP.i32_or);
    code.i32op(OP.i32_lt_s, 0);
    code.if(VOID);
    code.get(STACK_LEFT);
    code.i32op(OP.i32_lt_s, 0);
    code.if(VOID);
    code.i64(entry);
    code.op(OP.return);
    code.end();
    this.#e.exitFor(Exit.fuel, entry);
    code.end();
  }
  #chargeLoop(block: Block): void {
    const { code } = this.#e;
    this.#spend(Math.min(MOST_FUEL, block.instructions.length + 1));
    code.i32op(OP.i32_lt_s, 0);
    code.if(VOID);
    this.#e.exitFor(Exit.fuel, block.start);
    code.end();
  }
}

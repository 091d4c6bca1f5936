import type { Instruction } from '../decode/instruction.ts';
import { entryOf } from '../lift/registry.ts';
import { PASSED_BITS, RETURNED } from '../runtime/helpers.ts';
import { addOperand, comesBack, type Effects, FLAGS, FLOW } from './effects.ts';
import { type Block, type Shape, settle } from './graph.ts';

/** What emission needs to know of a block beforehand. Register sets are bits as in Effects. */
export interface BlockFacts {
  /** Registers that are in their locals when the block begins. */
  validIn: number;
  /** Of these, registers whose state in memory is out of date. */
  dirtyIn: number;
  /** The flags may be observed before the block (or what follows) sets them. */
  flagsLiveIn: boolean;
  /** They may be so by an instruction that reads them, not only by leaving the region. */
  flagsReadIn: boolean;
  /** For each instruction: the flags it leaves may be observed. */
  flagsLiveAfter: boolean[];
}

interface Summary {
  uses: number;
  defines: number;
  writes: number;
  /** Registers are written back and forgotten at its end. */
  isBarrier: boolean;
}

export function effectsOf(instruction: Instruction, entry = entryOf(instruction)!): Effects {
  const { flow } = entry;
  const defines = entry.defines(instruction);
  const effects: Effects = {
    entry,
    uses: entry.uses(instruction),
    defines,
    writes: defines,
    flags: entry.flags(instruction),
    exits: entry.exits(instruction) || flow === FLOW.call || flow === FLOW.barrier || flow === FLOW.leave,
  };
  const { operands } = instruction;
  const operandRoles = entry.roles(instruction);
  for (let index = 0; index < operands.length; index++)
    addOperand(effects, operands[index]!, operandRoles[index] ?? 0);
  effects.defines &= ~effects.uses;
  return effects;
}

/**
 * Data flow over a region: which registers are in locals at each block (those used before a call takes them, and
 * those not yet written back), and where flags can be observed.
 */
export function analyse(blocks: readonly Block[], shape: Shape): BlockFacts[] {
  const summaries = blocks.map(summarise);
  const facts: BlockFacts[] = blocks.map(() => ({
    validIn: 0,
    dirtyIn: 0,
    flagsLiveIn: false,
    flagsReadIn: false,
    flagsLiveAfter: [],
  }));
  const kept = new Int32Array(blocks.length).fill(-1);
  spreadLive(blocks, summaries, facts, shape.isInLoop, kept);
  const crowded = crowdedLoops(summaries, facts, shape);
  for (const { body, used } of crowded.values()) for (const index of body) kept[index] = used;
  if (crowded.size > 0) for (const fact of facts) fact.validIn = 0;
  if (crowded.size > 0) spreadLive(blocks, summaries, facts, shape.isInLoop, kept);
  spreadDirty(blocks, summaries, facts, shape, crowded);
  for (const fact of facts) fact.validIn |= fact.dirtyIn;
  spreadFlags(blocks, facts, shape);
  return facts;
}

/**
 * Most general registers that an innermost loop keeps in locals. The engine has a dozen registers for them and for what
 * the translation adds, and when they run out what it spills is as likely a loop's counter as what the loop never looks at.
 */
const MOST_KEPT = 7;

/** An innermost loop that is to keep only the registers that it uses. */
interface CrowdedLoop {
  readonly body: ReadonlySet<number>;
  readonly used: number;
}

/** By header. */
function crowdedLoops(
  summaries: readonly Summary[],
  facts: readonly BlockFacts[],
  { loops, isLoopHeader }: Shape,
): Map<number, CrowdedLoop> {
  const found = new Map<number, CrowdedLoop>();
  for (const loop of loops) {
    const header = loop[0]!;
    if (countGeneral(facts[header]!.validIn) <= MOST_KEPT) continue;
    if (loop.some((index) => index !== header && isLoopHeader[index] === 1)) continue;
    const body = new Set([...loop, ...(found.get(header)?.body ?? [])]);
    let used = 0;
    for (const index of body) used |= summaries[index]!.uses | summaries[index]!.writes;
    found.set(header, { body, used });
  }
  return found;
}

function countGeneral(registers: number): number {
  let count = 0;
  for (let left = registers & 0xffff; left !== 0; left &= left - 1) count++;
  return count;
}

function summarise(block: Block): Summary {
  const summary: Summary = { uses: 0, defines: 0, writes: 0, isBarrier: false };
  for (const effect of block.effects) {
    summary.uses |= effect.uses & ~summary.defines;
    summary.defines |= effect.defines;
    summary.writes |= effect.writes;
  }
  summary.isBarrier = block.end === 'flow' && comesBack(block.effects[block.effects.length - 1]);
  return summary;
}

/**
 * A loop with a guest call begins with only those registers dirty that its rounds write: others that are dirty
 * before it are written back once on the way in, not before the call in each round. So does a crowded loop, which
 * keeps no others.
 */
function spreadDirty(
  blocks: readonly Block[],
  summaries: readonly Summary[],
  facts: BlockFacts[],
  { loops }: Shape,
  crowded: ReadonlyMap<number, CrowdedLoop>,
): void {
  /** Registers written in loops with a call, by header. */
  const writtenBeforeCall = new Map<number, number>();
  for (const loop of loops) {
    if (!loop.some((block) => summaries[block]!.isBarrier)) continue;
    let written = writtenBeforeCall.get(loop[0]!) ?? 0;
    for (const block of loop) written |= summaries[block]!.writes;
    writtenBeforeCall.set(loop[0]!, written);
  }
  /** Registers that may be dirty on an edge. */
  const passes = (index: number, successor: number): number => {
    const loop = crowded.get(successor);
    if (loop !== undefined) return loop.body.has(index) ? -1 : 0;
    return successor > index ? (writtenBeforeCall.get(successor) ?? -1) : -1;
  };
  facts[0]!.dirtyIn = PASSED_BITS & passes(-1, 0);
  for (let changed = true; changed; ) {
    changed = false;
    blocks.forEach((block, index) => {
      const summary = summaries[index]!;
      const returned = block.isCall ? 1 << RETURNED : 0;
      const out = summary.isBarrier ? returned : facts[index]!.dirtyIn | summary.writes;
      for (const successor of block.successors) {
        const target = facts[successor]!;
        const passed = out & passes(index, successor);
        if ((passed & ~target.dirtyIn) !== 0) {
          target.dirtyIn |= passed;
          changed = true;
        }
      }
    });
  }
}

/**
 * Outside loops a register is loaded once it is needed on all paths; inside, once it is on any. Only those in `kept`
 * are, for each block.
 */
function spreadLive(
  blocks: readonly Block[],
  summaries: readonly Summary[],
  facts: BlockFacts[],
  isInLoop: Uint8Array,
  kept: Int32Array,
): void {
  settle(blocks, 'backwards', (index) => {
    const summary = summaries[index]!;
    const { successors } = blocks[index]!;
    let live = isInLoop[index] === 1 || successors.length === 0 ? 0 : -1;
    for (const successor of successors) {
      if (isInLoop[index] === 1) live |= facts[successor]!.validIn;
      else live &= facts[successor]!.validIn;
    }
    if (summary.isBarrier) live = 0;
    live = ((live & ~summary.defines) | summary.uses) & kept[index]!;
    if (live === facts[index]!.validIn) return false;
    facts[index]!.validIn = live;
    return true;
  });
}

function spreadFlags(blocks: readonly Block[], facts: BlockFacts[], { chargesFuel }: Shape): void {
  // The fuel is charged at the end of a round, where leaving shows the flags.
  const charges = blocks.map(({ successors }, index) =>
    successors.some((successor) => successor <= index && chargesFuel[successor] === 1),
  );
  settle(blocks, 'backwards', (index) => {
    const own = facts[index]!;
    const { flagsLiveIn, flagsReadIn } = own;
    flagsBefore(blocks[index]!, facts, own, charges[index]!);
    return own.flagsLiveIn !== flagsLiveIn || own.flagsReadIn !== flagsReadIn;
  });
}

/** Goes backwards through a block, noting where flags are live. */
function flagsBefore(
  block: Block,
  facts: readonly BlockFacts[],
  own: BlockFacts,
  chargesFuel: boolean,
): void {
  const { effects, successors } = block;
  const staysInside = block.end === 'fall' || (block.end === 'flow' && successors.length > 0);
  let live =
    !staysInside ||
    chargesFuel ||
    successors.some((successor) => facts[successor]!.flagsLiveIn) ||
    leavesToo(block);
  let read = successors.some((successor) => facts[successor]!.flagsReadIn);
  for (let at = effects.length - 1; at >= 0; at--) {
    const { flags, exits } = effects[at]!;
    own.flagsLiveAfter[at] = live;
    if (flags & FLAGS.set) live = read = false;
    if (flags & FLAGS.modify) read = true;
    if (flags & FLAGS.read) read = true;
    if (flags & FLAGS.read || exits) live = true;
  }
  own.flagsLiveIn = live;
  own.flagsReadIn = read;
}

/** A branch with one side outside the region. */
function leavesToo(block: Block): boolean {
  const last = block.effects[block.effects.length - 1];
  return last !== undefined && last.entry.flow === FLOW.branch && block.successors.length < 2;
}

import type { Instruction } from '../decode/instruction.ts';
import { entryOf } from '../lift/registry.ts';
import { addOperand, type Effects, FLAGS, FLOW } from './effects.ts';
import type { Block, Shape } from './graph.ts';

/** What emission needs to know of a block beforehand. Register sets are bits as in Effects. */
export interface BlockFacts {
  /** Registers that are in their locals when the block begins. */
  validIn: number;
  /** Of these, registers whose state in memory is out of date. */
  dirtyIn: number;
  /** The flags may be observed before the block (or what follows) sets them. */
  flagsLiveIn: boolean;
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

export function effectsOf(instruction: Instruction): Effects {
  const lifted = entryOf(instruction)!;
  const effects: Effects = {
    uses: lifted.uses(instruction),
    defines: lifted.defines(instruction),
    writes: lifted.defines(instruction),
    flags: lifted.flags(instruction),
    exits:
      lifted.exits(instruction) ||
      lifted.flow === FLOW.call ||
      lifted.flow === FLOW.barrier ||
      lifted.flow === FLOW.leave,
  };
  const operandRoles = lifted.roles(instruction);
  instruction.operands.forEach((operand, index) => {
    addOperand(effects, operand, operandRoles[index] ?? 0);
  });
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
    flagsLiveAfter: [],
  }));
  spreadDirty(blocks, summaries, facts);
  spreadLive(blocks, summaries, facts, shape.isInLoop);
  for (const fact of facts) fact.validIn |= fact.dirtyIn;
  spreadFlags(blocks, facts, shape.chargesFuel);
  return facts;
}

function summarise(block: Block): Summary {
  const summary: Summary = { uses: 0, defines: 0, writes: 0, isBarrier: false };
  for (const effect of block.effects) {
    summary.uses |= effect.uses & ~summary.defines;
    summary.defines |= effect.defines;
    summary.writes |= effect.writes;
  }
  const last = block.instructions[block.instructions.length - 1];
  if (last !== undefined && block.end === 'flow') {
    const { flow } = entryOf(last)!;
    summary.isBarrier = flow === FLOW.call || flow === FLOW.barrier;
  }
  return summary;
}

function spreadDirty(blocks: readonly Block[], summaries: readonly Summary[], facts: BlockFacts[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    blocks.forEach((block, index) => {
      const summary = summaries[index]!;
      const out = summary.isBarrier ? 0 : facts[index]!.dirtyIn | summary.writes;
      for (const successor of block.successors) {
        const target = facts[successor]!;
        if ((out & ~target.dirtyIn) !== 0) {
          target.dirtyIn |= out;
          changed = true;
        }
      }
    });
  }
}

/** Outside loops a register is loaded once it is needed on all paths; inside, once it is on any. */
function spreadLive(
  blocks: readonly Block[],
  summaries: readonly Summary[],
  facts: BlockFacts[],
  isInLoop: Uint8Array,
): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      const summary = summaries[index]!;
      const { successors } = blocks[index]!;
      let live = isInLoop[index] === 1 || successors.length === 0 ? 0 : -1;
      for (const successor of successors) {
        if (isInLoop[index] === 1) live |= facts[successor]!.validIn;
        else live &= facts[successor]!.validIn;
      }
      if (summary.isBarrier) live = 0;
      live = (live & ~summary.defines) | summary.uses;
      if (live !== facts[index]!.validIn) {
        facts[index]!.validIn = live;
        changed = true;
      }
    }
  }
}

function spreadFlags(blocks: readonly Block[], facts: BlockFacts[], chargesFuel: Uint8Array): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      const live = flagsBefore(blocks[index]!, facts, facts[index]!) || chargesFuel[index] === 1;
      if (live !== facts[index]!.flagsLiveIn) {
        facts[index]!.flagsLiveIn = live;
        changed = true;
      }
    }
  }
}

/** Goes backwards through a block, noting where flags are live; tells whether they are at its start. */
function flagsBefore(block: Block, facts: readonly BlockFacts[], own: BlockFacts): boolean {
  const { effects } = block;
  const staysInside = block.end === 'fall' || (block.end === 'flow' && block.successors.length > 0);
  let live =
    !staysInside || block.successors.some((successor) => facts[successor]!.flagsLiveIn) || leavesToo(block);
  for (let at = effects.length - 1; at >= 0; at--) {
    const { flags, exits } = effects[at]!;
    own.flagsLiveAfter[at] = live;
    if (flags & FLAGS.set) live = false;
    if (flags & FLAGS.read || exits) live = true;
  }
  return live;
}

/** A branch with one side outside the region. */
function leavesToo(block: Block): boolean {
  const last = block.instructions[block.instructions.length - 1];
  return last !== undefined && entryOf(last)!.flow === FLOW.branch && block.successors.length < 2;
}

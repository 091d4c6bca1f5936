import { BlockAccesses } from './accesses.ts';
import type { Block } from './graph.ts';
import { type AccessPlan, markChecked, planGroups } from './groups.ts';
import { NO_NEEDS, needsOf, type StackNeeds, stackOf } from './stack-needs.ts';
import { RegionValues } from './values.ts';

/**
 * Plans the checks of a region's accesses. Those at known distances from the stack pointer are checked together: when the
 * region begins, and after calls and new values of the stack pointer, for all that may be reached from there; what that
 * takes is the result. Those that follow another one at a known distance are checked with that one, see groups.ts.
 */
export function planAccesses(
  blocks: readonly Block[],
  dominator: Int32Array,
  plans: readonly (AccessPlan | undefined)[][],
): StackNeeds[] {
  const accesses = blocks.map(({ instructions, effects }) => new BlockAccesses(instructions, effects));
  const values = new RegionValues(blocks, accesses);
  const stacks = blocks.map((block, index) => stackOf(block, index, accesses[index]!, values));
  const needs = needsOf(blocks, stacks);
  if (needs !== undefined)
    stacks.forEach(({ own }, index) => {
      for (const { accesses: near } of own) for (const access of near) markChecked(plans[index]!, access);
    });
  planGroups(blocks, values, dominator, plans);
  blocks.forEach((block, index) => {
    noteWhatCannotExit(block, plans[index]!);
  });
  return needs ?? blocks.map(() => NO_NEEDS);
}

/** Instructions that leave for nothing but a fault of their memory operand or stack access. */
const ONLY_FAULTS: ReadonlySet<string> = new Set(
  'push pop mov movzx movsx movsxd add sub and or xor cmp test inc dec neg not cmovcc setcc lea'.split(' '),
);

function noteWhatCannotExit(
  { instructions, effects }: Block,
  plans: readonly (AccessPlan | undefined)[],
): void {
  plans.forEach((plan, at) => {
    const { mnemonic, operands } = instructions[at]!;
    if (plan === undefined || !ONLY_FAULTS.has(mnemonic)) return;
    const isStack = mnemonic === 'push' || mnemonic === 'pop';
    const isChecked =
      (!isStack || plan.stackChecked !== undefined) &&
      (plan.operandChecked !== undefined || operands.every(({ kind }) => kind !== 'mem'));
    if (isChecked) effects[at]!.exits = false;
  });
}

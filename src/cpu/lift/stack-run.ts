import { RSP } from '../../machine/cpu-state.ts';
import type { Instruction } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import type { AccessPlan } from '../region/groups.ts';
import { RETURNED } from '../runtime/helpers.ts';
import * as tlb from '../tlb/access.ts';
import { I64, OP } from '../wasm/opcodes.ts';
import { dropTop } from './stack.ts';

/*
 * Functions begin with a run of pushes and end with a run of pops and a return. A run is checked once and then has no
 * branches; where the check fails each instruction is done by itself, and can leave by itself.
 */

/**
 * Number of instructions from `at` on that are emitted together; 0 or at least 2. Their bytes are known to be
 * accessible for all of them or for none: who may leave is settled.
 */
export function stackRunLength(
  instructions: readonly Instruction[],
  at: number,
  plans: readonly (AccessPlan | undefined)[],
): number {
  const { mnemonic } = instructions[at]!;
  if (mnemonic !== 'push' && mnemonic !== 'pop') return 0;
  const isAlike = (index: number) =>
    plans[index]?.stack === undefined && plans[index]?.stackChecked === plans[at]?.stackChecked;
  let end = at;
  while (end < instructions.length && isInRun(instructions[end]!, mnemonic) && isAlike(end)) end++;
  if (mnemonic === 'pop' && end > at && instructions[end]?.mnemonic === 'ret' && isAlike(end)) end++;
  return end - at > 1 ? end - at : 0;
}

function isInRun({ mnemonic, operands, opSize }: Instruction, wanted: string): boolean {
  const operand = operands[0];
  return mnemonic === wanted && opSize === 8 && operand?.kind === 'reg' && operand.reg !== RSP;
}

/** Emits a run. */
export function liftStackRun(
  e: Emitter,
  run: readonly Instruction[],
  plans: readonly (AccessPlan | undefined)[],
): void {
  const isPush = run[0]!.mnemonic === 'push';
  const checked = plans[0]?.stackChecked === undefined ? undefined : 8 * run.length;
  if (isPush) liftPushes(e, run, checked);
  else liftPops(e, run, checked);
}

/** Number of the register that a push or pop names. */
function registerOf({ operands }: Instruction): number {
  const operand = operands[0];
  if (operand?.kind !== 'reg') throw new Error('a run has register operands only');
  return operand.reg;
}

function liftPushes(e: Emitter, run: readonly Instruction[], checked: number | undefined): void {
  const { code } = e;
  e.get(RSP);
  code.i64op(OP.i64_sub, 8 * run.length);
  const bottom = e.save(I64);
  e.nameChecked(bottom, checked);
  const upwards = run.map(registerOf).reverse();
  const pushes = upwards.map((register) => () => e.get(register));
  const at = e.temp(I64);
  tlb.storeRun(e, bottom, pushes, () => {
    for (const instruction of run) {
      e.instruction = instruction;
      e.get(RSP);
      code.i64op(OP.i64_sub, 8);
      code.set(at);
      tlb.storeSlowly(e, at, () => e.get(registerOf(instruction)));
      code.get(at);
      e.set(RSP);
    }
  });
  code.get(bottom);
  e.set(RSP);
}

function liftPops(e: Emitter, run: readonly Instruction[], checked: number | undefined): void {
  const { code } = e;
  const last = run[run.length - 1]!;
  const returns = last.mnemonic === 'ret';
  e.get(RSP);
  const top = e.save(I64);
  e.nameChecked(top, checked);
  const target = e.temp(I64);
  const pops = run.map((instruction) => () => {
    if (instruction.mnemonic === 'ret') code.set(target);
    else e.set(registerOf(instruction));
  });
  const before = e.placement();
  tlb.loadRun(e, top, pops, () => {
    e.restore(before);
    run.forEach((instruction, index) => {
      e.instruction = instruction;
      e.get(RSP);
      const at = e.save(I64);
      tlb.loadSlowly(e, at);
      pops[index]!();
      code.get(at);
      code.i64op(OP.i64_add, 8);
      e.set(RSP);
    });
  });
  code.get(top);
  code.i64op(OP.i64_add, 8 * run.length);
  e.set(RSP);
  if (!returns) return;
  const extra = last.operands[0];
  if (extra?.kind === 'imm') dropTop(e, Number(extra.value));
  e.writeBack(1 << RETURNED);
  code.get(target);
  e.return();
}

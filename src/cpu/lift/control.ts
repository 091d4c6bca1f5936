import { RCX, RSP } from '../../machine/cpu-state.ts';
import { STATUS_ASSERTION_FAILURE, STATUS_INTEGER_OVERFLOW } from '../../memory/status.ts';
import { Exit } from '../../process/executor.ts';
import type { Instruction } from '../decode/instruction.ts';
import { CONDITION, pushCondition } from '../region/conditions.ts';
import { directTarget, FLAGS, FLOW, knownPointer } from '../region/effects.ts';
import { checksTogether, type Emitter, MODE, type Target } from '../region/emitter.ts';
import { callGuest } from '../region/leaving.ts';
import { operandAt, push } from '../region/operands.ts';
import { RETURNED } from '../runtime/helpers.ts';
import * as tlb from '../tlb/access.ts';
import { I64, OP } from '../wasm/opcodes.ts';
import { entry, type Family } from './entry.ts';
import { dropTop, pushValue } from './stack.ts';

const COUNTER = 1 << RCX;
const TOP = 1 << RSP;

function liftJcc(e: Emitter, instruction: Instruction): void {
  pushCondition(e, instruction.condition);
  e.transfers.branch(directTarget(instruction)!, instruction.next);
}

function liftJmp(e: Emitter, instruction: Instruction): void {
  const target = directTarget(instruction);
  if (target !== undefined) {
    e.transfers.jump(target);
    return;
  }
  e.transfers.jumpToLocal(throughPointer(e, instruction));
}

function liftCall(e: Emitter, instruction: Instruction): void {
  const { next } = instruction;
  const known = directTarget(instruction);
  // A pointer is read before the return address is pushed, what a thunk jumps through after that.
  if (known === undefined) {
    const target = throughPointer(e, instruction);
    pushReturnAddress(e, next);
    callGuest(e, target, next);
  } else {
    pushReturnAddress(e, next);
    callGuest(e, throughThunk(e, known), next);
  }
  if (e.mode !== MODE.step) e.transfers.jump(next);
}

function pushReturnAddress(e: Emitter, next: number): void {
  e.code.i64(next);
  pushValue(e, e.save(I64), 8);
}

function throughPointer(e: Emitter, instruction: Instruction): Target {
  push(e, operandAt(instruction, 0), 8);
  return { local: e.save(I64), expected: e.batch.expectedThrough(knownPointer(instruction)) };
}

/**
 * To call a jump through a pointer is to call through that pointer. Where that cannot be read as it is, the jump itself is
 * called: it faults, or brings the page in.
 */
function throughThunk(e: Emitter, address: number): number | Target {
  const pointer = checksTogether(e.mode) ? e.batch.thunkAt(address) : undefined;
  if (pointer === undefined) return address;
  tlb.loadKnown(e, pointer, address);
  return { local: e.save(I64), expected: e.batch.expectedThrough(pointer) };
}

function liftRet(e: Emitter, instruction: Instruction): void {
  const extra = instruction.operands[0];
  e.get(RSP);
  tlb.load(e, tlb.stackAddress(e), 8);
  const target = e.save(I64);
  dropTop(e, 8 + (extra?.kind === 'imm' ? Number(extra.value) : 0));
  e.writeBack(1 << RETURNED);
  e.code.get(target);
  e.return();
}

/** Pushes whether rcx (ecx with a 67 prefix) is not 0. */
function pushCounter(e: Emitter, instruction: Instruction): void {
  e.get(RCX);
  if (instruction.address32) {
    e.code.op(OP.i32_wrap_i64);
    e.code.i32op(OP.i32_ne, 0);
  } else e.code.i64op(OP.i64_ne, 0);
}

function liftLoop(e: Emitter, instruction: Instruction, zero: boolean | undefined): void {
  const { code } = e;
  e.get(RCX);
  code.i64op(OP.i64_sub, 1);
  if (instruction.address32) {
    code.op(OP.i32_wrap_i64);
    code.op(OP.i64_extend_i32_u);
  }
  e.set(RCX);
  pushCounter(e, instruction);
  if (zero !== undefined) {
    pushCondition(e, zero ? CONDITION.equal : CONDITION.equal + 1);
    code.op(OP.i32_and);
  }
  e.transfers.branch(directTarget(instruction)!, instruction.next);
}

function liftJrcxz(e: Emitter, instruction: Instruction): void {
  pushCounter(e, instruction);
  e.code.op(OP.i32_eqz);
  e.transfers.branch(directTarget(instruction)!, instruction.next);
}

function leaving(reason: number) {
  return entry('', (e, i) => e.exitFor(reason, i.address), { flow: FLOW.leave, accepts: () => true });
}

/** What Windows makes of software interrupts; all others are a #GP. */
const INTERRUPT: Readonly<Record<number, (e: Emitter, instruction: Instruction) => void>> = {
  3: (e, { address }) => e.exitFor(Exit.breakpoint, address + 1),
  4: (e, { next }) => e.exitFor(Exit.interrupt, next, STATUS_INTEGER_OVERFLOW),
  41: (e, { address }) => e.exitFor(Exit.failFast, address),
  44: (e, { address }) => e.exitFor(Exit.interrupt, address, STATUS_ASSERTION_FAILURE),
  // A service of the debugger.
  45: (e, { address }) => e.exitFor(Exit.unsupported, address),
};

function liftInt(e: Emitter, instruction: Instruction): void {
  const vector = instruction.operands[0];
  const special = vector?.kind === 'imm' ? INTERRUPT[Number(vector.value)] : undefined;
  if (special !== undefined) special(e, instruction);
  else leaveProtected(e, instruction);
}

/** Leaves for a #GP without an address, which Windows reports as an access violation. */
function leaveProtected(e: Emitter, instruction: Instruction): void {
  e.call('protection');
  e.exitAt(instruction.address);
}

function isDirect(instruction: Instruction): boolean {
  return directTarget(instruction) !== undefined;
}

function counted(zero: boolean | undefined) {
  return entry('', (e, i) => liftLoop(e, i, zero), {
    uses: COUNTER,
    defines: COUNTER,
    flags: zero === undefined ? FLAGS.none : FLAGS.read,
    flow: FLOW.branch,
    accepts: isDirect,
  });
}

/** Jumps, calls and returns, and what always traps. */
export const CONTROL: Family = {
  jcc: entry('', liftJcc, { flags: FLAGS.read, flow: FLOW.branch, accepts: isDirect }),
  jmp: entry('r', liftJmp, { flow: FLOW.jump }),
  call: entry('r', liftCall, { uses: TOP, defines: TOP, flow: FLOW.call }),
  ret: entry('', liftRet, { uses: TOP, defines: TOP, flow: FLOW.leave }),
  loop: counted(undefined),
  loope: counted(true),
  loopne: counted(false),
  jrcxz: entry('', liftJrcxz, { uses: COUNTER, flow: FLOW.branch, accepts: isDirect }),
  int: entry('', liftInt, { flow: FLOW.leave }),
  rdpmc: entry('', leaveProtected, { flow: FLOW.leave }),
  int3: leaving(Exit.breakpoint),
  ud2: leaving(Exit.illegal),
  // Without OSXSAVE, which cpuid does not tell, these do not exist.
  xgetbv: leaving(Exit.illegal),
  xsetbv: leaving(Exit.illegal),
  hlt: leaving(Exit.privileged),
  cli: leaving(Exit.privileged),
  sti: leaving(Exit.privileged),
  in: leaving(Exit.privileged),
  out: leaving(Exit.privileged),
  ins: leaving(Exit.privileged),
  outs: leaving(Exit.privileged),
  rdmsr: leaving(Exit.privileged),
  wrmsr: leaving(Exit.privileged),
  invd: leaving(Exit.privileged),
  wbinvd: leaving(Exit.privileged),
  invlpg: leaving(Exit.privileged),
  clts: leaving(Exit.privileged),
  lgdt: leaving(Exit.privileged),
  lidt: leaving(Exit.privileged),
  lldt: leaving(Exit.privileged),
  ltr: leaving(Exit.privileged),
  sysret: leaving(Exit.privileged),
  swapgs: leaving(Exit.privileged),
};

import { MXCSR_BITS, RAX, STATE } from '../../machine/cpu-state.ts';
import type { Instruction } from '../decode/instruction.ts';
import { FLAGS, FLOW } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, DF } from '../region/flag-kinds.ts';
import { operandAt, push, write } from '../region/operands.ts';
import { RARE } from '../runtime/helpers.ts';
import { I32, OP, VOID } from '../wasm/opcodes.ts';
import { entry, type Family } from './entry.ts';

/** The host function of a stub in one of our DLLs. */
function liftSyscall(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  e.writeBack();
  code.i64(instruction.next);
  e.call('service');
  code.if(VOID);
  e.exitLeft();
  code.end();
  e.forget();
  e.transfers.jump(instruction.next);
}

/** Served by the host on the registers in memory. */
function liftRare(e: Emitter, instruction: Instruction, which: number): void {
  e.writeBack();
  e.code.i32(which);
  e.call('rare');
  e.exitIfFailed();
  e.forget();
  e.transfers.jump(instruction.next);
}

function rare(which: number) {
  return entry('', (e, i) => liftRare(e, i, which), { flow: FLOW.barrier });
}

function liftCarry(e: Emitter, keep: number, flip: number): void {
  if (!e.flags.live) return;
  e.flags.pushBits();
  e.code.i32op(OP.i32_and, keep);
  e.code.i32op(OP.i32_xor, flip);
  e.flags.setBits();
}

function liftDirection(e: Emitter, set: boolean): void {
  e.storeState(I32, STATE.rflags, () => {
    e.loadState(I32, STATE.rflags);
    e.code.i32op(OP.i32_and, ~DF);
    if (set) e.code.i32op(OP.i32_or, DF);
  });
}

/** Flushing a cache line is a read as far as faults go. */
function liftFlush(e: Emitter, instruction: Instruction): void {
  push(e, operandAt(instruction, 0), 1);
  e.code.op(OP.drop);
}

const nothing = entry('', () => {}, { accepts: () => true });

function liftLdmxcsr(e: Emitter, instruction: Instruction): void {
  push(e, operandAt(instruction, 0), 4);
  loadMxcsr(e, e.save(I32));
}

/** Sets mxcsr from a local, or leaves where that is not possible. */
export function loadMxcsr(e: Emitter, value: number): void {
  const { code } = e;
  const { instruction } = e;
  e.batch.observesFloats = true;
  code.get(value);
  code.i32op(OP.i32_and, ~MXCSR_BITS);
  code.if(VOID);
  e.call('protection');
  e.exitAt(instruction.address);
  code.end();
  e.storeState(I32, STATE.mxcsr, () => code.get(value));
}

function liftStmxcsr(e: Emitter, instruction: Instruction): void {
  e.batch.observesFloats = true;
  e.loadState(I32, STATE.mxcsr);
  write(e, operandAt(instruction, 0), 4, e.save(I32));
}

/** Control of the processor and of the SSE unit, and what has no effect here. */
export const SYSTEM: Family = {
  syscall: entry('', liftSyscall, { uses: 1 << RAX, flow: FLOW.barrier }),
  cpuid: rare(RARE.cpuid),
  rdtsc: rare(RARE.rdtsc),
  rdtscp: rare(RARE.rdtscp),
  clc: entry('', (e) => liftCarry(e, ~CF, 0), { flags: FLAGS.modify }),
  stc: entry('', (e) => liftCarry(e, ~CF, CF), { flags: FLAGS.modify }),
  cmc: entry('', (e) => liftCarry(e, -1, CF), { flags: FLAGS.modify }),
  cld: entry('', (e) => liftDirection(e, false)),
  std: entry('', (e) => liftDirection(e, true)),
  nop: nothing,
  pause: nothing,
  endbr64: nothing,
  endbr32: nothing,
  lfence: nothing,
  mfence: nothing,
  sfence: nothing,
  prefetch: nothing,
  prefetchw: nothing,
  prefetchnta: nothing,
  prefetcht0: nothing,
  prefetcht1: nothing,
  prefetcht2: nothing,
  clflush: entry('r', liftFlush),
  clflushopt: entry('r', liftFlush),
  clwb: entry('r', liftFlush),
  ldmxcsr: entry('r', liftLdmxcsr),
  stmxcsr: entry('w', liftStmxcsr),
};

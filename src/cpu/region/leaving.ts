import { RSP } from '../../machine/cpu-state.ts';
import { JUMP_CACHE } from '../../machine/layout.ts';
import { emitFind } from '../runtime/dispatch-runtime.ts';
import { jumpCacheOffset, PASSED_BITS } from '../runtime/helpers.ts';
import { pushIsInWindow } from '../tlb/access.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import { type Emitter, MODE, STACK_LEFT, type Target } from './emitter.ts';
import type { Range } from './stack-needs.ts';

/** Pushes the host stack that is left to a callee. The frame's cost is known, and patched, at the end. */
function pushStackLeft(e: Emitter): void {
  const { code } = e;
  code.get(STACK_LEFT);
  code.op(OP.i32_const);
  e.costSites.push(code.paddedUnsigned(0));
  code.op(OP.i32_sub);
}

type Lookup = 'lookup' | 'lookupCalled' | 'lookupResumed';

/** The engine copies the table for each module that has it: what runs once goes through a helper instead. */
function usesTable({ mode }: Emitter): boolean {
  return mode === MODE.usual || mode === MODE.loop;
}

/** Pushes the table index of the translation at a known address. */
function findKnown(e: Emitter, address: number, lookup: Lookup): void {
  const { code } = e;
  const entry = JUMP_CACHE + jumpCacheOffset(address % 0x1_0000_0000);
  code.i32(0);
  code.memory(OP.i64_load, entry);
  code.i64op(OP.i64_eq, address);
  code.ifLikely(I32);
  code.i32(0);
  code.memory(OP.i32_load, entry + 8);
  code.else();
  code.i64(address);
  lookUp(e, lookup);
  code.end();
}
function lookUp(e: Emitter, lookup: Lookup): void {
  e.code.get(STACK_LEFT);
  e.callRarely(lookup);
}
/** The same for the address in a local. */
function findLocal(e: Emitter, rip: number, lookup: Lookup): void {
  emitFind(e.code, rip, e.temp(I32), () => lookUp(e, lookup));
}

/** Leaves a region of one instruction, to the dispatcher. */
function returnStep(e: Emitter, pushRip: () => void): void {
  e.writeBack();
  pushRip();
  e.return();
}

/** Leaves the region for an address known now: a tail call of its translation. */
export function leaveTo(e: Emitter, address: number): void {
  const { code } = e;
  if (e.mode === MODE.step) {
    returnStep(e, () => code.i64(address));
    return;
  }
  if (e.mode === MODE.careful) {
    leaveCarefully(e, address);
    return;
  }
  pushTailArguments(e);
  const known = e.batch.request(address);
  if (known >= 0) {
    callRegion(e, known, OP.return_call);
    return;
  }
  if (usesTable(e)) {
    findKnown(e, address, e.mode === MODE.loop ? 'lookupResumed' : 'lookup');
    e.batch.callThroughTable(code, true);
  } else {
    code.i64(address);
    e.tailCall('goToResumed');
  }
}

/** Leaves the region for the careful translation of a known address. */
function leaveCarefully(e: Emitter, address: number): void {
  const { code } = e;
  pushTailArguments(e);
  code.i64(address);
  e.tailCallRarely('goToCareful');
}

/**
 * Makes sure of the stack window for a range around the stack pointer before the instruction at `address`; where it
 * cannot be had, control goes on at that instruction in the careful translation.
 */
export function checkStack(e: Emitter, { low, high }: Range, address: number): void {
  const { code } = e;
  e.load((1 << RSP) & ~e.valid);
  const rsp = e.localOf(RSP);
  pushIsInWindow(code, rsp, low, high - low);
  code.op(OP.i32_eqz);
  code.ifUnlikely(VOID);
  code.get(rsp);
  if (low !== 0) code.i64op(OP.i64_add, low);
  code.i32(high - low);
  e.callRarely('refillStack');
  code.op(OP.i32_eqz);
  code.ifUnlikely(VOID);
  const before = e.placement();
  leaveCarefully(e, address);
  e.restore(before);
  code.end();
  code.end();
}

/** Leaves the region for an address in a local. */
export function leaveToLocal(e: Emitter, target: Target): void {
  const { code } = e;
  if (e.mode === MODE.step) {
    returnStep(e, () => code.get(target.local));
    return;
  }
  e.writeBack(PASSED_BITS);
  const known = numberOf(e, target);
  if (known >= 0) {
    pushIsExpected(e, target);
    code.ifLikely(VOID);
    pushArguments(e);
    callRegion(e, known, OP.return_call);
    code.end();
  }
  pushArguments(e);
  // A jump through a table is that of a switch, mostly, which comes again though it was resumed once.
  if (usesTable(e) || e.mode === MODE.ahead) {
    findLocal(e, target.local, 'lookup');
    e.batch.callThroughTable(code, true);
  } else {
    code.get(target.local);
    e.tailCall('goTo');
  }
}

function pushTailArguments(e: Emitter): void {
  e.writeBack(PASSED_BITS);
  pushArguments(e);
}
function pushArguments(e: Emitter): void {
  e.code.get(STACK_LEFT);
  e.pushPassed();
}

/** Number of the region that is expected, if it is in the batch; else -1. */
function numberOf(e: Emitter, { expected }: Target): number {
  return expected === undefined ? -1 : e.batch.requestCalled(expected);
}

function pushIsExpected({ code }: Emitter, { local, expected }: Target): void {
  code.get(local);
  code.i64op(OP.i64_eq, expected!);
}

/** With the arguments pushed: calls the expected region itself where it is the one, else what is found at the address. */
function callLocal(e: Emitter, target: Target): void {
  const { code } = e;
  const known = numberOf(e, target);
  if (known >= 0) {
    pushIsExpected(e, target);
    code.ifLikely(e.batch.regionType);
    callRegion(e, known, OP.call);
    code.else();
  }
  if (usesTable(e)) {
    findLocal(e, target.local, 'lookupCalled');
    e.batch.callThroughTable(code);
  } else {
    code.get(target.local);
    e.call('callTo');
  }
  if (known >= 0) code.end();
}

/** Calls a region of the batch, or goes on in it for good. */
function callRegion(e: Emitter, number: number, opcode: number): void {
  e.code.op(opcode);
  e.sites.push({ at: e.code.paddedUnsigned(0), target: number });
}

/**
 * Calls the function at `target` (an address, or a local that holds one) with its return address pushed already, and
 * comes back only if it returned to `next`; any other RIP is passed on to the caller, and so on to the dispatcher.
 */
export function callGuest(e: Emitter, target: number | Target, next: number): void {
  const { code } = e;
  if (e.mode === MODE.step) {
    returnStep(e, () => (typeof target === 'number' ? code.i64(target) : code.get(target.local)));
    return;
  }
  e.writeBack(PASSED_BITS);
  pushStackLeft(e);
  e.pushPassed();
  if (typeof target === 'number') {
    const known = e.batch.requestCalled(target);
    if (known >= 0) {
      callRegion(e, known, OP.call);
    } else if (usesTable(e)) {
      findKnown(e, target, 'lookupCalled');
      e.batch.callThroughTable(code);
    } else {
      code.i64(target);
      e.call('callTo');
    }
  } else callLocal(e, target);
  const came = e.temp(I64);
  e.takeReturned();
  code.tee(came);
  code.i64op(OP.i64_ne, next);
  code.ifUnlikely(VOID);
  code.get(came);
  e.return();
  code.end();
}

import { RAX, STATE } from '../../machine/cpu-state.ts';
import { JUMP_CACHE } from '../../machine/layout.ts';
import type { Code } from '../wasm/code.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { I32_I32, NOTHING, RuntimeFunction } from './function.ts';
import {
  HELPERS,
  INTERNAL_EXIT,
  JUMP_CACHE_MASK,
  JUMP_CACHE_SHIFT,
  LEFT,
  PASSED,
  REACHED,
  REGION_TYPE,
  RETURNED,
  type Reached,
  STACK_BUDGET,
  STACK_RESERVE,
} from './helpers.ts';
import { addX87Functions } from './x87-runtime.ts';

/** Adds the dispatcher loop, the jump cache's miss function and the calls of the host. */
export function addDispatchFunctions(runtime: RuntimeBuilder): void {
  runtime.define('lookup', lookupFunction(runtime, REACHED.jump));
  runtime.define('lookupCalled', lookupFunction(runtime, REACHED.call));
  runtime.define('lookupCareful', lookupFunction(runtime, REACHED.careful));
  runtime.define('lookupResumed', lookupFunction(runtime, REACHED.resumed));
  runtime.define('goTo', goToFunction(runtime, 'lookup'));
  runtime.define('goToResumed', goToFunction(runtime, 'lookupResumed'));
  runtime.define('callTo', goToFunction(runtime, 'lookupCalled'));
  runtime.define('goToCareful', goToCarefulFunction(runtime));
  runtime.define('run', runFunction(runtime));
  runtime.define('runOnce', runOnceFunction(runtime));
  runtime.define('leave', leaveFunction());
  runtime.define('leaveAccess', leaveAccessFunction(runtime));
  runtime.define('service', serviceFunction(runtime));
  runtime.define('outOfFuel', outOfFuelFunction(runtime));
  runtime.define('rare', rareFunction(runtime));
  addX87Functions(runtime);
}

/** Pushes the jump cache offset of the RIP in a local; see jumpCacheOffset. */
export function emitJumpCacheOffset(code: Code, rip: number): void {
  code.get(rip);
  code.get(rip);
  code.i64op(OP.i64_shl, JUMP_CACHE_SHIFT);
  code.op(OP.i64_xor);
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, JUMP_CACHE_MASK);
}

/** Pushes the table index of the RIP in a local: from the jump cache, else what `lookUp` makes of the RIP on the stack. */
export function emitFind(code: Code, rip: number, entry: number, lookUp: () => void): void {
  emitJumpCacheOffset(code, rip);
  code.tee(entry);
  code.memory(OP.i64_load, JUMP_CACHE);
  code.get(rip);
  code.op(OP.i64_eq);
  code.ifLikely(I32);
  code.get(entry);
  code.memory(OP.i32_load, JUMP_CACHE + 8);
  code.else();
  code.get(rip);
  lookUp();
  code.end();
}

function lookupFunction(runtime: RuntimeBuilder, reached: Reached): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.lookup);
  const { code } = f;
  // Too little stack for a translation: unwind first. The index of `leave` is 0.
  code.get(1);
  code.i32op(OP.i32_lt_s, STACK_RESERVE);
  code.if(VOID);
  f.storeState64(STATE.rip, () => code.get(0));
  f.storeState32(STATE.exit, () => code.i32(INTERNAL_EXIT.retry));
  code.i32(0);
  code.op(OP.return);
  code.end();
  f.pushHalves();
  code.i32(reached);
  code.call(runtime.index('find'));
  return f;
}

function runFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(NOTHING);
  const { code } = f;
  const rip = f.local(I64);
  const returned = f.local(I64);
  const entry = f.local(I32);
  f.loadState64(STATE.rip);
  code.set(rip);
  code.loop(VOID);
  pushArguments(f);
  emitFind(code, rip, entry, () => {
    code.i32(STACK_BUDGET);
    code.call(runtime.index('lookupResumed'));
  });
  code.callIndirect(runtime.typeIndex(REGION_TYPE));
  code.set(returned);
  code.set(rip);
  continueUnlessLeft(f, rip, returned);
  code.brIf(0);
  code.end();
  return f;
}

/** Pushes what a region takes: see REGION_TYPE. */
function pushArguments(f: RuntimeFunction): void {
  f.code.i32(STACK_BUDGET);
  for (const register of PASSED) f.loadState64(STATE.gpr + register * 8);
}

/** Pushes 1 to go on at `rip`; 0 when a region has left, with its RIP in the state. All registers are in the state then. */
function continueUnlessLeft(f: RuntimeFunction, rip: number, returned: number): void {
  const { code } = f;
  code.get(rip);
  code.i64op(OP.i64_lt_s, 0);
  f.loadState32(STATE.exit);
  code.i32(0);
  code.op(OP.i32_ne);
  code.op(OP.i32_and);
  code.if(I32);
  code.get(rip);
  code.i64op(OP.i64_ne, LEFT);
  code.if(VOID);
  f.storeState64(STATE.rip, () => {
    code.i64(0);
    code.get(rip);
    code.op(OP.i64_sub);
  });
  code.end();
  code.i32(0);
  code.else();
  f.storeState64(STATE.gpr + RETURNED * 8, () => code.get(returned));
  code.i32(1);
  code.end();
}

/** (table index) → 1 when the instruction there is done; the next RIP is in the state either way. */
function runOnceFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(I32_I32);
  const { code } = f;
  const rip = f.local(I64);
  const returned = f.local(I64);
  pushArguments(f);
  code.get(0);
  code.callIndirect(runtime.typeIndex(REGION_TYPE));
  code.set(returned);
  code.set(rip);
  continueUnlessLeft(f, rip, returned);
  code.if(I32);
  f.storeState64(STATE.rip, () => code.get(rip));
  code.i32(1);
  code.else();
  code.i32(0);
  code.end();
  return f;
}

/** Stands in for a translation when run() must be left; the state says why. */
function leaveFunction(): RuntimeFunction {
  const f = new RuntimeFunction(REGION_TYPE);
  PASSED.forEach((register, index) => {
    f.storeState64(STATE.gpr + register * 8, () => f.code.get(1 + index));
  });
  f.code.i64(LEFT);
  f.code.i64(0);
  return f;
}

/** The parameter that follows those of a region. */
const TARGET = REGION_TYPE.params.length;

function pushParameters(code: Code): void {
  for (let parameter = 0; parameter < TARGET; parameter++) code.get(parameter);
}

function goToFunction(runtime: RuntimeBuilder, lookup: string): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.goTo);
  const { code } = f;
  pushParameters(code);
  emitFind(code, TARGET, f.local(I32), () => {
    code.get(0);
    code.call(runtime.index(lookup));
  });
  code.callIndirect(runtime.typeIndex(REGION_TYPE), true);
  return f;
}

function goToCarefulFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.goToCareful);
  const { code } = f;
  pushParameters(code);
  code.get(TARGET);
  code.get(0);
  code.call(runtime.index('lookupCareful'));
  code.callIndirect(runtime.typeIndex(REGION_TYPE), true);
  return f;
}

function leaveAccessFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.leaveAccess);
  const { code } = f;
  f.loadState32(STATE.exit);
  code.i32op(OP.i32_ne, INTERNAL_EXIT.careful);
  code.if(VOID);
  code.i64(0);
  code.get(TARGET);
  code.op(OP.i64_sub);
  code.i64(0);
  code.op(OP.return);
  code.end();
  f.storeState32(STATE.exit, () => code.i32(0));
  pushParameters(code);
  code.get(TARGET);
  code.op(OP.return_call);
  code.unsigned(runtime.index('goToCareful'));
  return f;
}

function serviceFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.service);
  const { code } = f;
  f.storeState64(STATE.rip, () => code.get(0));
  code.call(runtime.index('materialise'));
  f.loadState32(STATE.gpr + RAX * 8);
  code.call(runtime.index('hostService'));
  code.call(runtime.index('adopt'));
  return f;
}

function outOfFuelFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.outOfFuel);
  f.pushHalves();
  f.code.get(1);
  f.code.call(runtime.index('hostOutOfFuel'));
  return f;
}

function rareFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.rare);
  f.code.get(0);
  f.code.call(runtime.index('hostRare'));
  return f;
}

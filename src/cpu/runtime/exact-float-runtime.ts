import { STATE } from '../../machine/cpu-state.ts';
import { CPU_STATE } from '../../machine/layout.ts';
import { Exit } from '../../process/executor.ts';
import { I32, OP, SIMD, VOID } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { I32_I32, RuntimeFunction } from './function.ts';
import { HELPERS } from './helpers.ts';
import { SSE_SCRATCH } from './sse/layout.ts';

/** Passes operands and result through memory; the operations are made when the first one is needed. */
export function exactFloat(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.exactFloat);
  const { code } = f;
  const status = f.local(I32);
  for (const [operand, offset] of [
    [1, SSE_SCRATCH.a],
    [2, SSE_SCRATCH.b],
  ] as const) {
    code.i32(0);
    code.get(operand);
    code.simdMemory(SIMD.v128_store, CPU_STATE + offset);
  }
  f.loadState32(SSE_SCRATCH.exactFloat);
  code.op(OP.i32_eqz);
  code.ifUnlikely(VOID);
  f.storeState32(SSE_SCRATCH.exactFloat, () => code.call(runtime.index('hostLoadSse')));
  code.end();
  code.get(0);
  f.loadState32(SSE_SCRATCH.exactFloat);
  code.callIndirect(runtime.typeIndex(I32_I32));
  code.tee(status);
  code.ifUnlikely(VOID);
  f.storeState32(STATE.exit, () => code.i32(Exit.sse));
  code.end();
  code.i32(0);
  code.simdMemory(SIMD.v128_load, CPU_STATE + SSE_SCRATCH.result);
  code.get(status);
  return f;
}

import { OP, VOID } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { RuntimeFunction } from './function.ts';
import { HELPERS } from './helpers.ts';
import { X87_HELPER_TYPE } from './x87/helpers.ts';
import { X87 } from './x87/layout.ts';

/** Adds what translated code calls for an x87 instruction. */
export function addX87Functions(runtime: RuntimeBuilder): void {
  runtime.define('x87', x87Function(runtime));
  runtime.define('x87Pointers', pointersFunction());
  runtime.define('x87DataPointers', dataPointersFunction(runtime));
}

/** The helpers are made when the first x87 instruction is executed: most programs have some and execute none. */
function x87Function(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.x87);
  const { code } = f;
  f.loadState32(X87.firstHelper);
  code.op(OP.i32_eqz);
  code.ifUnlikely(VOID);
  f.storeState32(X87.firstHelper, () => code.call(runtime.index('hostLoadX87')));
  code.end();
  code.get(1);
  code.get(2);
  code.get(0);
  f.loadState32(X87.firstHelper);
  code.op(OP.i32_add);
  code.callIndirect(runtime.typeIndex(X87_HELPER_TYPE));
  return f;
}

function pointersFunction(): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.x87Pointers);
  f.storeState64(X87.instructionPointer, () => f.code.get(0));
  f.storeState16(X87.opcode, () => f.code.get(1));
  return f;
}

function dataPointersFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.x87DataPointers);
  f.code.get(0);
  f.code.get(1);
  f.code.call(runtime.index('x87Pointers'));
  f.storeState64(X87.dataPointer, () => f.code.get(2));
  return f;
}

import { CPU_STATE } from '../../machine/layout.ts';
import { Code } from '../wasm/code.ts';
import type { FunctionType } from '../wasm/module.ts';
import { I32, I64, OP, type ValueType } from '../wasm/opcodes.ts';

/** A function of the runtime module while it is written: code plus named locals. */
export class RuntimeFunction {
  readonly code = new Code(256);
  readonly locals: ValueType[] = [];
  readonly type: FunctionType;

  constructor(type: FunctionType) {
    this.type = type;
  }
  local(type: ValueType): number {
    return this.type.params.length + this.locals.push(type) - 1;
  }
  loadState32(offset: number): void {
    this.code.i32(0);
    this.code.memory(OP.i32_load, CPU_STATE + offset);
  }
  loadState64(offset: number): void {
    this.code.i32(0);
    this.code.memory(OP.i64_load, CPU_STATE + offset);
  }
  /** Stores what `value` pushes. */
  storeState32(offset: number, value: () => void): void {
    this.code.i32(0);
    value();
    this.code.memory(OP.i32_store, CPU_STATE + offset);
  }
  storeState16(offset: number, value: () => void): void {
    this.code.i32(0);
    value();
    this.code.memory(OP.i32_store16, CPU_STATE + offset);
  }
  storeState64(offset: number, value: () => void): void {
    this.code.i32(0);
    value();
    this.code.memory(OP.i64_store, CPU_STATE + offset);
  }
  /** Pushes the low and the high half of the first parameter, as the host takes addresses. */
  pushHalves(): void {
    const { code } = this;
    code.get(0);
    code.op(OP.i32_wrap_i64);
    code.get(0);
    code.i64op(OP.i64_shr_u, 32);
    code.op(OP.i32_wrap_i64);
  }
  bytes(): Uint8Array {
    return this.code.bytes.slice(0, this.code.length);
  }
}

export const NOTHING: FunctionType = { params: [], results: [] };
export const I32_I32: FunctionType = { params: [I32], results: [I32] };
/** An address in two halves to an i32. */
export const HALVES_I32: FunctionType = { params: [I32, I32], results: [I32] };
export const HALVES_I32_I32: FunctionType = { params: [I32, I32, I32], results: [I32] };
export const I64_I32: FunctionType = { params: [I64, I32], results: [I32] };

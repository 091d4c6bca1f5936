import { X87 } from '../../src/cpu/runtime/x87/layout.ts';
import { STATE } from '../../src/machine/cpu-state.ts';
import { CODE, DATA, TestCpu } from './support.ts';
import { FLAGS_AT, MEMORY_AT, MEMORY_BYTES, RAX_AT, X87_STATE_BYTES } from './x87-inputs.ts';

const CONTROL_BYTES = 32;
const REGISTER_BYTES = 16;
const OPERAND = DATA + 0x100;
const RAX = 0;
const RBX = 3;

/** Runs instructions on states as x87-inputs.ts makes them. */
export class X87Bench {
  readonly cpu = new TestCpu();
  #at = CODE;

  /** Places code followed by int3; yields where. */
  place(code: Uint8Array): number {
    const at = this.#at;
    this.#at += 32;
    this.cpu.memory.setBytes(at, code);
    this.cpu.memory.setU8(at + code.length, 0xcc);
    return at;
  }
  /** The reason why it ended. */
  run(at: number, before: Uint8Array): number {
    const { state, memory } = this.cpu;
    const view = new DataView(before.buffer, before.byteOffset, before.byteLength);
    state.slice(STATE.fxsave, CONTROL_BYTES).set(before.subarray(0, CONTROL_BYTES));
    const top = (before[3]! >> 3) & 7;
    for (let index = 0; index < 8; index++)
      register(state, (top + index) & 7).set(before.subarray(32 + index * 16, 48 + index * 16));
    memory.setBytes(OPERAND, before.subarray(MEMORY_AT, MEMORY_AT + MEMORY_BYTES));
    state.setWord(STATE.rflags, view.getUint32(FLAGS_AT, true));
    state.setGprHalves(RAX, view.getUint32(RAX_AT, true), view.getUint32(RAX_AT + 4, true));
    state.setGpr(RBX, OPERAND);
    state.rip = at;
    return this.cpu.finish(1000);
  }
  /** The state now, as run() takes it. */
  after(): Uint8Array {
    const { state, memory } = this.cpu;
    const bytes = new Uint8Array(X87_STATE_BYTES);
    const view = new DataView(bytes.buffer);
    bytes.set(state.slice(STATE.fxsave, CONTROL_BYTES));
    const top = (bytes[3]! >> 3) & 7;
    for (let index = 0; index < 8; index++) bytes.set(register(state, (top + index) & 7), 32 + index * 16);
    bytes.set(memory.bytes(OPERAND, MEMORY_BYTES), MEMORY_AT);
    view.setUint32(FLAGS_AT, state.word(STATE.rflags), true);
    view.setUint32(RAX_AT, state.gprLow(RAX), true);
    view.setUint32(RAX_AT + 4, state.gprHigh(RAX), true);
    return bytes;
  }
}

function register(state: TestCpu['state'], physical: number): Uint8Array {
  return state.slice(X87.registers + physical * REGISTER_BYTES, REGISTER_BYTES);
}

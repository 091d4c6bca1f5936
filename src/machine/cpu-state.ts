import { CPU_STATE } from './layout.ts';
import type { Ram } from './ram.ts';

/** Bits of MXCSR that exist. */
export const MXCSR_BITS = 0xffff;

/** Byte offsets of the running CPU's registers from CPU_STATE. All 64-bit values are little-endian. */
export const STATE = {
  /** rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15, 8 bytes each, in x86 encoding order. */
  gpr: 0x000,
  rip: 0x080,
  /** RFLAGS, exact whenever translated code is not running. */
  rflags: 0x088,
  mxcsr: 0x08c,
  gsBase: 0x090,
  fsBase: 0x098,
  /** Units of work left before the translated code must return (signed 32-bit). */
  fuel: 0x0a0,
  /** Wasm frames below the present one; translated code unwinds at its limit. */
  depth: 0x0a4,
  /** Why run() returned: one of Exit in executor.ts. */
  exit: 0x0a8,
  /** Details of the exit: NTSTATUS of a fault, or the service number. */
  exitCode: 0x0ac,
  /** Faulting byte address and access (0 read, 1 write, 8 execute) of a memory fault. */
  faultAddress: 0x0b0,
  faultAccess: 0x0b8,
  /** Lazy flags while translated code runs: kind and operand size (and a constant operand), two operands, result. */
  flagKind: 0x0c0,
  flagA: 0x0c8,
  flagB: 0x0d0,
  flagResult: 0x0d8,
  /** Not 0 once something outside of translated code has looked at MXCSR's flags. */
  observesMxcsr: 0x0e0,
  /** xmm0..xmm15, 16 bytes each. */
  xmm: 0x100,
  /**
   * The x87 state as in the first 160 bytes of an FXSAVE image, but that the registers stand in physical order, R0
   * first; the rest of the 512 bytes is not used.
   */
  fxsave: 0x200,
  /** The translator's own: spill slots and temporaries. */
  temp: 0x400,
} as const;
/** Bytes of state that belong to a thread: what a thread switch saves and loads. */
export const THREAD_STATE_BYTES = 0x400;

/** Of the FXSAVE image: its x87 part, where opcode and pointers and where the registers begin, and the byte with the stack top in bits 3 to 5. */
const X87_IMAGE_BYTES = 0xa0;
const X87_POINTERS = 6;
const X87_REGISTERS = 0x20;
const X87_TOP_BYTE = 3;
/** Bits of the control word that can be set, and the one that always is. */
const X87_CONTROL_BITS = 0x1f3f;
const X87_CONTROL_ONE = 0x40;
const X87_EXCEPTIONS = 0x3f;
/** ES and B of the status word: set exactly while an exception is raised and not masked. */
const X87_PENDING = 0x8080;

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;
export const R8 = 8;
export const R9 = 9;

/**
 * The registers of the running CPU, read and written from TypeScript. They are meaningful only while
 * translated code is not running or is inside a call to the host that wrote them back.
 */
export class CpuState {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(ram: Ram) {
    this.#view = ram.view;
    this.#bytes = ram.bytes;
  }

  /** Register as an address or size: exact below 2^53, rounded above. */
  gpr(reg: number): number {
    const at = CPU_STATE + STATE.gpr + reg * 8;
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
  }
  gprLow(reg: number): number {
    return this.#view.getUint32(CPU_STATE + STATE.gpr + reg * 8, true);
  }
  gprHigh(reg: number): number {
    return this.#view.getUint32(CPU_STATE + STATE.gpr + reg * 8 + 4, true);
  }
  /** Sets a register from a number of up to 53 bits; a negative one is sign-extended to 64. */
  setGpr(reg: number, value: number): void {
    this.setGprHalves(reg, value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0);
  }
  setGprHalves(reg: number, low: number, high: number): void {
    const at = CPU_STATE + STATE.gpr + reg * 8;
    this.#view.setUint32(at, low, true);
    this.#view.setUint32(at + 4, high, true);
  }
  get rip(): number {
    return this.number64(STATE.rip);
  }
  set rip(value: number) {
    this.setNumber64(STATE.rip, value);
  }
  get rsp(): number {
    return this.gpr(RSP);
  }
  set rsp(value: number) {
    this.setGpr(RSP, value);
  }
  word(offset: number): number {
    return this.#view.getUint32(CPU_STATE + offset, true);
  }
  setWord(offset: number, value: number): void {
    this.#view.setUint32(CPU_STATE + offset, value, true);
  }
  number64(offset: number): number {
    const at = CPU_STATE + offset;
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
  }
  setNumber64(offset: number, value: number): void {
    this.#view.setUint32(CPU_STATE + offset, value >>> 0, true);
    this.#view.setUint32(CPU_STATE + offset + 4, Math.floor(value / 0x1_0000_0000) >>> 0, true);
  }
  /** A live view of `length` bytes of the state, for XMM registers and the FXSAVE image. */
  slice(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(CPU_STATE + offset, CPU_STATE + offset + length);
  }
  /**
   * The x87 state as the first 160 bytes of an FXSAVE image: registers from the stack top on, and opcode and pointers
   * only while an exception is pending.
   */
  x87Image(): Uint8Array {
    const image = this.slice(STATE.fxsave, X87_IMAGE_BYTES).slice();
    const top = (image[X87_TOP_BYTE]! >> 3) & 7;
    if (!this.#isX87Pending) image.fill(0, X87_POINTERS, X87_REGISTERS);
    for (let index = 0; index < 8; index++)
      image.set(this.#x87Register(top + index), X87_REGISTERS + index * 16);
    return image;
  }
  /** Takes the x87 state from such an image, as fxrstor does. */
  setX87Image(image: Uint8Array): void {
    this.slice(STATE.fxsave, X87_POINTERS).set(image.subarray(0, X87_POINTERS));
    const top = (image[X87_TOP_BYTE]! >> 3) & 7;
    for (let index = 0; index < 8; index++) {
      const at = X87_REGISTERS + index * 16;
      this.#x87Register(top + index).set(image.subarray(at, at + 10));
    }
    this.setX87Words(this.word(STATE.fxsave));
    if (!this.#isX87Pending) return;
    const pointers = image.subarray(X87_POINTERS, X87_REGISTERS);
    this.slice(STATE.fxsave + X87_POINTERS, pointers.length).set(pointers);
  }
  get #isX87Pending(): boolean {
    return ((this.word(STATE.fxsave) >>> 16) & X87_PENDING) !== 0;
  }
  /** Sets the x87 control word, and above it the status word, whose summary follows from masks and exceptions. */
  setX87Words(words: number): void {
    const control = (words & X87_CONTROL_BITS) | X87_CONTROL_ONE;
    const isPending = ((words >>> 16) & ~control & X87_EXCEPTIONS) !== 0;
    const status = ((words >>> 16) & ~X87_PENDING) | (isPending ? X87_PENDING : 0);
    this.setWord(STATE.fxsave, control | (status << 16));
  }
  #x87Register(physical: number): Uint8Array {
    return this.slice(STATE.fxsave + X87_REGISTERS + (physical & 7) * 16, 16);
  }
  /** The part of the state that a thread owns. */
  save(): Uint8Array {
    return this.#bytes.slice(CPU_STATE, CPU_STATE + THREAD_STATE_BYTES);
  }
  load(saved: Uint8Array): void {
    this.#bytes.set(saved, CPU_STATE);
  }
}

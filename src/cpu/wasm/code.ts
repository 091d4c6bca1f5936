import { FC, I32, I64, OP, SIMD, V128, type ValueType } from './opcodes.ts';

/** Local numbers from here on take more than one byte. */
export const ONE_BYTE_LOCALS = 0x80;

/** Code that is ready but for the number of one local, below ONE_BYTE_LOCALS, which belongs at these positions. */
export interface Prepared {
  readonly code: Uint8Array;
  readonly positions: readonly number[];
}

/** Keeps what `write` writes for a local 0; it yields where that number lies. */
export function prepare(write: (code: Code) => readonly number[]): Prepared {
  const code = new Code(64);
  const positions = write(code);
  return { code: code.bytes.slice(0, code.length), positions };
}

/** More bytes than an instruction with a constant of up to 53 bits takes, or one with a memory offset. */
const ROOM = 16;

/**
 * Growing bytes of WebAssembly code, with one method for each shape of instruction. What is called most writes its bytes
 * itself: until the engine has compiled the translator, which takes seconds, a call for each byte is what it mostly does.
 */
export class Code {
  bytes: Uint8Array;
  length = 0;
  /** Branch hints: position of an `if` or `br_if`, and 1 = likely true or 0 = likely false. */
  hints: number[] = [];

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Begins again, in the same room. What was handed out of `hints` stays as it is; what was of `bytes` does not. */
  clear(): void {
    this.length = 0;
    this.hints = [];
  }
  /** Room for at least `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }
  append(other: Uint8Array): void {
    this.reserve(other.length);
    this.bytes.set(other, this.length);
    this.length += other.length;
  }
  unsigned(value: number): void {
    if (this.length + ROOM > this.bytes.length) this.reserve(ROOM);
    const { bytes } = this;
    let at = this.length;
    while (value >= 0x80) {
      bytes[at++] = (value & 0x7f) | 0x80;
      value = value >= 0x8000_0000 ? Math.floor(value / 128) : value >>> 7;
    }
    bytes[at++] = value;
    this.length = at;
  }
  /** A signed LEB128 of an integer within ±2^53. */
  signed(value: number): void {
    if (value === (value | 0)) {
      this.#signed32(value);
      return;
    }
    for (;;) {
      const low = value & 0x7f;
      value = Math.floor(value / 128);
      const done = (value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }
  #signed32(value: number): void {
    if (this.length + ROOM > this.bytes.length) this.reserve(ROOM);
    const { bytes } = this;
    let at = this.length;
    while (value < -0x40 || value >= 0x40) {
      bytes[at++] = (value & 0x7f) | 0x80;
      value >>= 7;
    }
    bytes[at++] = value & 0x7f;
    this.length = at;
  }
  #signedBig(value: bigint): void {
    for (;;) {
      const low = Number(value & 0x7fn);
      value >>= 7n;
      const done = (value === 0n && (low & 0x40) === 0) || (value === -1n && (low & 0x40) !== 0);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }
  /** An unsigned number in five bytes, which patchUnsigned can overwrite; returns where it is. */
  paddedUnsigned(value: number): number {
    const at = this.length;
    this.reserve(5);
    this.length += 5;
    this.patchUnsigned(at, value);
    return at;
  }
  patchUnsigned(at: number, value: number): void {
    for (let index = 0; index < 5; index++) {
      this.bytes[at + index] = (value & 0x7f) | (index < 4 ? 0x80 : 0);
      value >>>= 7;
    }
  }

  op(opcode: number): void {
    this.byte(opcode);
  }
  i32(value: number): void {
    this.byte(OP.i32_const);
    this.#signed32(value | 0);
  }
  i64(value: number | bigint): void {
    this.byte(OP.i64_const);
    if (typeof value === 'number') this.signed(value);
    else if (value >= -0x1f_ffff_ffff_ffffn && value <= 0x1f_ffff_ffff_ffffn) this.signed(Number(value));
    else this.#signedBig(BigInt.asIntN(64, value));
  }
  get(local: number): void {
    this.#local(OP.local_get, local);
  }
  set(local: number): void {
    this.#local(OP.local_set, local);
  }
  tee(local: number): void {
    this.#local(OP.local_tee, local);
  }
  #local(opcode: number, local: number): void {
    if (this.length + ROOM > this.bytes.length) this.reserve(ROOM);
    this.bytes[this.length++] = opcode;
    if (local < ONE_BYTE_LOCALS) this.bytes[this.length++] = local;
    else this.unsigned(local);
  }
  /** A load or store of one opcode byte; alignment is only a hint, so none is claimed. */
  memory(opcode: number, offset = 0): void {
    if (this.length + ROOM > this.bytes.length) this.reserve(ROOM);
    this.bytes[this.length++] = opcode;
    this.bytes[this.length++] = 0;
    this.unsigned(offset);
  }
  /** i32 arithmetic with a constant on the right. */
  i32op(opcode: number, constant: number): void {
    this.i32(constant);
    this.byte(opcode);
  }
  i64op(opcode: number, constant: number | bigint): void {
    this.i64(constant);
    this.byte(opcode);
  }
  block(type: number): void {
    this.byte(OP.block);
    this.byte(type);
  }
  loop(type: number): void {
    this.byte(OP.loop);
    this.byte(type);
  }
  if(type: number): void {
    this.byte(OP.if);
    this.byte(type);
  }
  ifLikely(type: number): void {
    this.hints.push(this.length, 1);
    this.if(type);
  }
  ifUnlikely(type: number): void {
    this.hints.push(this.length, 0);
    this.if(type);
  }
  else(): void {
    this.byte(OP.else);
  }
  end(): void {
    this.byte(OP.end);
  }
  br(depth: number): void {
    this.byte(OP.br);
    this.unsigned(depth);
  }
  brIf(depth: number): void {
    this.byte(OP.br_if);
    this.unsigned(depth);
  }
  brIfLikely(depth: number): void {
    this.hints.push(this.length, 1);
    this.brIf(depth);
  }
  call(functionIndex: number): void {
    this.byte(OP.call);
    this.unsigned(functionIndex);
  }
  callIndirect(typeIndex: number, tail = false): void {
    this.byte(tail ? OP.return_call_indirect : OP.call_indirect);
    this.unsigned(typeIndex);
    this.byte(0);
  }
  fc(opcode: number): void {
    this.byte(0xfc);
    this.unsigned(opcode);
    if (opcode === FC.memory_copy) this.byte(0);
    if (opcode === FC.memory_copy || opcode === FC.memory_fill) this.byte(0);
  }
  simd(opcode: number): void {
    this.byte(0xfd);
    this.unsigned(opcode);
  }
  lane(opcode: number, lane: number): void {
    this.simd(opcode);
    this.byte(lane);
  }
  simdMemory(opcode: number, offset = 0): void {
    this.simd(opcode);
    this.byte(0);
    this.unsigned(offset);
  }
  shuffle(lanes: readonly number[]): void {
    this.simd(SIMD.i8x16_shuffle);
    for (const lane of lanes) this.byte(lane);
  }
  /** A v128 constant of four 32-bit words. */
  v128(w0: number, w1: number, w2: number, w3: number): void {
    this.simd(SIMD.v128_const);
    for (const word of [w0, w1, w2, w3]) {
      for (let shift = 0; shift < 32; shift += 8) this.byte((word >>> shift) & 0xff);
    }
  }
  appendPrepared({ code, positions }: Prepared, local: number): void {
    const start = this.length;
    this.append(code);
    for (const position of positions) this.bytes[start + position] = local;
  }
  /** Loads a value of `type` from base address on the stack + offset. */
  loadType(type: ValueType, offset: number): void {
    if (type === V128) this.simdMemory(SIMD.v128_load, offset);
    else this.memory(type === I64 ? OP.i64_load : type === I32 ? OP.i32_load : OP.f64_load, offset);
  }
  storeType(type: ValueType, offset: number): void {
    if (type === V128) this.simdMemory(SIMD.v128_store, offset);
    else this.memory(type === I64 ? OP.i64_store : type === I32 ? OP.i32_store : OP.f64_store, offset);
  }
}

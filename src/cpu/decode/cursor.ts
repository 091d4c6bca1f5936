import type { IntegerSize, MemoryOperand, Segment } from './instruction.ts';

/** The longest instruction; a longer one raises #GP on a CPU, here it does not decode. */
export const LONGEST = 15;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What has been read of the instruction being decoded. One is reused: decoding never nests. */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  /** Reads at and past `end` give zero; `at > end` afterwards shows them. */
  at = 0;
  end = 0;

  hasLock = false;
  has66 = false;
  has67 = false;
  /** The last of F2 and F3. */
  repeat: 0 | 0xf2 | 0xf3 = 0;
  segment: Segment = undefined;
  /** The REX prefix, or one with the same bits made from VEX; 0 for none. */
  rex = 0;
  /** VEX.vvvv, a register number. */
  vvvv = 0;

  opcode = 0;
  modrm = 0;
  opSize: IntegerSize = 4;
  /** Made from ModRM, its size set when the operand is asked for. */
  memory: Writable<MemoryOperand> | undefined = undefined;
  ripRelative = false;

  begin(bytes: Uint8Array, offset: number): void {
    this.bytes = bytes;
    this.start = offset;
    this.at = offset;
    this.end = Math.min(bytes.length, offset + LONGEST);
    this.hasLock = false;
    this.has66 = false;
    this.has67 = false;
    this.repeat = 0;
    this.segment = undefined;
    this.rex = 0;
    this.vvvv = 0;
    this.memory = undefined;
    this.ripRelative = false;
  }

  /** The verdict on an instruction that cannot be decoded. */
  failure(): undefined | 'truncated' {
    return this.at > this.end && this.end < this.start + LONGEST ? 'truncated' : undefined;
  }

  get rexW(): boolean {
    return (this.rex & 8) !== 0;
  }
  /** ModRM.reg with REX.R. */
  get reg(): number {
    return ((this.modrm >> 3) & 7) | ((this.rex & 4) << 1);
  }
  /** ModRM.rm with REX.B. */
  get rm(): number {
    return (this.modrm & 7) | ((this.rex & 1) << 3);
  }

  u8(): number {
    const at = this.at++;
    return at < this.end ? this.bytes[at]! : 0;
  }
  i8(): number {
    return (this.u8() << 24) >> 24;
  }
  u16(): number {
    return this.u8() | (this.u8() << 8);
  }
  i16(): number {
    return (this.u16() << 16) >> 16;
  }
  i32(): number {
    return this.u16() | (this.u16() << 16);
  }
}

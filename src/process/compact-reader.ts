import type { GuestMemory } from '../memory/guest-memory.ts';

/** The longest form of a number: its last four bytes are the number. */
const LONGEST = 5;

/** Reads FuncInfo4 and its maps, which have no alignment, from front to back. */
export class CompactReader {
  /** Address of what is read next. */
  at: number;
  private readonly memory: GuestMemory;
  constructor(memory: GuestMemory, at: number) {
    this.memory = memory;
    this.at = at;
  }
  byte(): number {
    return this.memory.u8(this.at++);
  }
  /** An RVA. */
  rva(): number {
    this.at += 4;
    return this.memory.u32(this.at - 4);
  }
  /** A compressed unsigned number. As many ones as its first byte ends with, that many bytes more it has, to four. */
  number(): number {
    const first = this.byte();
    const length = Math.min(LONGEST, 32 - Math.clz32(~first & (first + 1)));
    if (length === LONGEST) return this.rva();
    let value = first;
    for (let i = 1; i < length; i++) value += this.byte() * 2 ** (8 * i);
    return Math.floor(value / 2 ** length);
  }
}

import { UNW_FLAG_CHAININFO, UNWIND_OP } from '../machine/unwind-codes.ts';
import { READ } from '../memory/constants.ts';
import { GuestFault, type GuestMemory } from '../memory/guest-memory.ts';
import { STATUS_BAD_FUNCTION_TABLE } from '../memory/status.ts';
import { CONTEXT } from './context.ts';
import {
  inEpilogue,
  popLength,
  poppedRegister,
  stackRestoreConstant,
  stackRestoreLength,
} from './epilogue.ts';
import type { FunctionTables } from './function-tables.ts';

/** Offsets of the register pointers in KNONVOLATILE_CONTEXT_POINTERS. */
const INTEGER_POINTERS = 0x80;
/** Real functions chain a handful of times; a forged chain may be a loop. */
const MOST_CHAINED = 32;
const RSP_AT = CONTEXT.gpr + 4 * 8;
const INDIRECT = 1;

/**
 * RtlVirtualUnwind: takes a CONTEXT in the guest from inside a function to its caller, by the function's unwind
 * data (https://learn.microsoft.com/cpp/build/exception-handling-x64#unwind-procedure). Registers move as
 * halves within the guest. GuestFault for stacks and data that cannot be read.
 */
export class FrameUnwinder {
  /** Results of unwind(): the frame's address; address of the handler (0: none) and of its data. */
  establisher = 0;
  handler = 0;
  handlerData = 0;
  readonly #memory: GuestMemory;
  readonly #tables: FunctionTables;
  #context = 0;
  #pointers = 0;
  #rsp = 0;
  #interrupted = false;

  constructor(memory: GuestMemory, tables: FunctionTables) {
    this.#memory = memory;
    this.#tables = tables;
  }

  /** A function without unwind data has nothing on the stack but its return address. */
  unwindLeaf(context: number): void {
    this.#begin(context, 0);
    this.establisher = this.#rsp;
    this.#return();
  }

  /**
   * `entry` is the address of the RUNTIME_FUNCTION, `handlerType` of UNW_FLAG_EHANDLER and _UHANDLER; `pointers` may
   * be a KNONVOLATILE_CONTEXT_POINTERS that gets the places of saved registers.
   */
  unwind(
    handlerType: number,
    imageBase: number,
    controlPc: number,
    entry: number,
    context: number,
    pointers = 0,
  ): void {
    const memory = this.#memory;
    this.#begin(context, pointers);
    const place = this.#direct(entry, imageBase);
    const offset = controlPc - imageBase - memory.u32(place);
    const info = imageBase + memory.u32(place + 8);
    const header = memory.u32(info);
    const chained = (header & (UNW_FLAG_CHAININFO << 3)) !== 0;
    const inProlog = offset < ((header >>> 8) & 0xff);
    this.establisher = this.#establisherOf(info, header, inProlog && !chained ? offset : 0x100);
    if (!inProlog || chained) {
      const begin = imageBase + memory.u32(place);
      const end = imageBase + memory.u32(place + 4);
      const frame = (header >>> 24) & 0xf;
      if (inEpilogue(memory, controlPc, begin, end, frame, (target) => this.#isSame(target, place))) {
        this.#undoEpilogue(controlPc, frame);
        this.#return();
        return;
      }
    }
    this.#undoProlog(handlerType, imageBase, controlPc, place, inProlog ? offset : 0x100);
    if (this.#interrupted) memory.setU64(context + RSP_AT, this.#rsp);
    else this.#return();
  }

  #begin(context: number, pointers: number): void {
    this.handler = 0;
    this.handlerData = 0;
    this.#context = context;
    this.#pointers = pointers;
    this.#rsp = this.#memory.u64(context + RSP_AT);
    this.#interrupted = false;
  }

  /** Pops the return address. */
  #return(): void {
    const memory = this.#memory;
    memory.setHalves(this.#context + CONTEXT.rip, memory.u32(this.#rsp), memory.u32(this.#rsp + 4));
    memory.setU64(this.#context + RSP_AT, this.#rsp + 8);
  }

  /** An entry whose unwind field is odd stands for another. */
  #direct(entry: number, imageBase: number): number {
    const unwind = this.#memory.u32(entry + 8);
    return (unwind & INDIRECT) === 0 ? entry : imageBase + unwind - INDIRECT;
  }

  /** The address that the function knows its frame by, when all of its prologue up to `offset` has been executed. */
  #establisherOf(info: number, header: number, offset: number): number {
    const frame = header >>> 24;
    if ((frame & 0xf) === 0 || !this.#hasFrame(info, (header >>> 16) & 0xff, offset)) return this.#rsp;
    return this.#memory.u64(this.#context + CONTEXT.gpr + (frame & 0xf) * 8) - (frame >>> 4) * 16;
  }

  #hasFrame(info: number, count: number, offset: number): boolean {
    if (offset >= 0x100) return true;
    for (let i = 0; i < count; ) {
      const slot = this.#memory.u16(info + 4 + i * 2);
      const op = (slot >>> 8) & 0xf;
      if (op === UNWIND_OP.setFrame) return offset >= (slot & 0xff);
      i += slotsOf(op, slot >>> 12, info);
    }
    return false;
  }

  /** Does what is left of an epilogue, up to its return. */
  #undoEpilogue(pc: number, frame: number): void {
    const memory = this.#memory;
    const length = stackRestoreLength(memory, pc, frame);
    if (length > 0) {
      const isAdd = memory.u8(pc + 1) !== 0x8d;
      const base = isAdd ? this.#rsp : memory.u64(this.#context + CONTEXT.gpr + frame * 8);
      this.#rsp = base + stackRestoreConstant(memory, pc, length);
    }
    for (let at = pc + length; ; ) {
      const popped = popLength(memory, at);
      if (popped === 0) return;
      this.#restore(poppedRegister(memory, at, popped), this.#rsp);
      this.#rsp += 8;
      at += popped;
    }
  }

  /** Undoes what the prologues of the function and of those it is chained to did; then the last one's handler. */
  #undoProlog(
    handlerType: number,
    imageBase: number,
    controlPc: number,
    entry: number,
    offset: number,
  ): void {
    const memory = this.#memory;
    let place = entry;
    let done = offset;
    for (let chained = 0; chained <= MOST_CHAINED; chained++) {
      const info = imageBase + memory.u32(place + 8);
      const header = memory.u32(info);
      const count = (header >>> 16) & 0xff;
      this.#undoCodes(info, count, header >>> 24, done);
      const behind = info + 4 + (count + (count & 1)) * 2;
      const flags = (header >>> 3) & 0x1f;
      if ((flags & UNW_FLAG_CHAININFO) === 0) {
        const depth = controlPc - imageBase - memory.u32(place);
        if ((flags & handlerType) === 0 || (depth >= 0 && depth < ((header >>> 8) & 0xff))) return;
        this.handler = imageBase + memory.u32(behind);
        this.handlerData = behind + 4;
        return;
      }
      place = behind;
      done = 0x100;
    }
    throw new GuestFault(STATUS_BAD_FUNCTION_TABLE, READ, place);
  }

  #undoCodes(info: number, count: number, frame: number, offset: number): void {
    for (let i = 0; i < count; ) {
      const at = info + 4 + i * 2;
      const slot = this.#memory.u16(at);
      const op = (slot >>> 8) & 0xf;
      if ((slot & 0xff) <= offset) this.#undo(op, slot >>> 12, at + 2, frame);
      i += slotsOf(op, slot >>> 12, at);
    }
  }

  /** Undoes one step; its operand is at `at`. */
  #undo(op: number, info: number, at: number, frame: number): void {
    const memory = this.#memory;
    switch (op) {
      case UNWIND_OP.push:
        this.#restore(info, this.#rsp);
        this.#rsp += 8;
        return;
      case UNWIND_OP.allocateLarge:
        this.#rsp += info === 0 ? memory.u16(at) * 8 : far(memory, at);
        return;
      case UNWIND_OP.allocateSmall:
        this.#rsp += info * 8 + 8;
        return;
      case UNWIND_OP.setFrame:
        this.#rsp = memory.u64(this.#context + CONTEXT.gpr + (frame & 0xf) * 8) - (frame >>> 4) * 16;
        return;
      case UNWIND_OP.save:
        this.#restore(info, this.establisher + memory.u16(at) * 8);
        return;
      case UNWIND_OP.saveFar:
        this.#restore(info, this.establisher + far(memory, at));
        return;
      case UNWIND_OP.saveXmm:
        this.#restoreXmm(info, this.establisher + memory.u16(at) * 16);
        return;
      case UNWIND_OP.saveXmmFar:
        this.#restoreXmm(info, this.establisher + far(memory, at));
        return;
      case UNWIND_OP.machineFrame:
        this.#undoInterrupt(info);
    }
  }

  #restore(register: number, from: number): void {
    const memory = this.#memory;
    memory.setHalves(this.#context + CONTEXT.gpr + register * 8, memory.u32(from), memory.u32(from + 4));
    if (this.#pointers !== 0) memory.setU64(this.#pointers + INTEGER_POINTERS + register * 8, from);
  }

  #restoreXmm(register: number, from: number): void {
    const memory = this.#memory;
    const to = this.#context + CONTEXT.xmm + register * 16;
    memory.setHalves(to, memory.u32(from), memory.u32(from + 4));
    memory.setHalves(to + 8, memory.u32(from + 8), memory.u32(from + 12));
    if (this.#pointers !== 0) memory.setU64(this.#pointers + register * 8, from);
  }

  /** What the processor pushed when it was interrupted: (error code,) rip, cs, rflags, rsp, ss. */
  #undoInterrupt(hasErrorCode: number): void {
    const memory = this.#memory;
    const frame = this.#rsp + hasErrorCode * 8;
    memory.setHalves(this.#context + CONTEXT.rip, memory.u32(frame), memory.u32(frame + 4));
    this.#rsp = memory.u64(frame + 24);
    this.#interrupted = true;
  }

  /** Whether an address belongs to the same function as an entry: both chains end in one entry. */
  #isSame(target: number, entry: number): boolean {
    const base = this.#tables.imageBase;
    const other = this.#tables.lookup(target);
    const same = other > 0 && this.#primary(other, this.#tables.imageBase) === this.#primary(entry, base);
    this.#tables.imageBase = base;
    return same;
  }

  /** RVA of the function that an entry is a part of. */
  #primary(entry: number, imageBase: number): number {
    const memory = this.#memory;
    let place = this.#direct(entry, imageBase);
    for (let chained = 0; chained < MOST_CHAINED; chained++) {
      const info = imageBase + memory.u32(place + 8);
      const header = memory.u32(info);
      if ((header & (UNW_FLAG_CHAININFO << 3)) === 0) break;
      const count = (header >>> 16) & 0xff;
      place = info + 4 + (count + (count & 1)) * 2;
    }
    return memory.u32(place);
  }
}

/** 32 bits at an address that is a multiple of 2. */
function far(memory: GuestMemory, at: number): number {
  return memory.u16(at) + memory.u16(at + 2) * 0x10000;
}

/** Slots that a code takes. */
function slotsOf(op: number, info: number, at: number): number {
  switch (op) {
    case UNWIND_OP.push:
    case UNWIND_OP.allocateSmall:
    case UNWIND_OP.setFrame:
    case UNWIND_OP.machineFrame:
    case UNWIND_OP.epilog:
      return 1;
    case UNWIND_OP.allocateLarge:
      return info === 0 ? 2 : 3;
    case UNWIND_OP.save:
    case UNWIND_OP.saveXmm:
      return 2;
    case UNWIND_OP.saveFar:
    case UNWIND_OP.saveXmmFar:
    case UNWIND_OP.spare:
      return 3;
    default:
      throw new GuestFault(STATUS_BAD_FUNCTION_TABLE, READ, at);
  }
}

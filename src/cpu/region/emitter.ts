import { lowest } from '../../machine/bits.ts';
import { STATE } from '../../machine/cpu-state.ts';
import { CPU_STATE } from '../../machine/layout.ts';
import type { Instruction } from '../decode/instruction.ts';
import { pushImportMark } from '../runtime/helper-imports.ts';
import { type HELPERS, type HelperName, LEFT, PASSED, PASSED_BITS, RETURNED } from '../runtime/helpers.ts';
import { Code, ONE_BYTE_LOCALS, type Prepared, prepare } from '../wasm/code.ts';
import { F32, F64, I32, I64, OP, V128, type ValueType, VOID } from '../wasm/opcodes.ts';
import type { Batch, CallSite } from './batch.ts';

import { FLAGS_DEAD, FLAGS_IN_MEMORY } from './flag-kinds.ts';
import type { AccessPlan, Leader } from './groups.ts';
import { type FlagPlacement, flagsOfKind, LazyFlags } from './lazy-flags.ts';

/** Parameters of a region: the host stack left, then the registers PASSED. */
export const STACK_LEFT = 0;
const FIRST_PASSED = 1;
const FIRST_LOCAL = FIRST_PASSED + PASSED.length;

/** What is where at one point of a region. */
export interface Placement {
  valid: number;
  dirty: number;
  flags: FlagPlacement;
}

/** What a region is for. */
export const MODE = {
  /** It relies on what was checked before, and leaves for its careful counterpart where a check fails. */
  usual: 0,
  /** As usual, in the midst of a function that is resumed: it runs once, mostly, and so does what follows. */
  ahead: 1,
  /** As usual, a loop of such a function: what follows runs once. */
  loop: 2,
  /** It checks each access by itself. */
  careful: 3,
  /** It executes one instruction; control never goes on to another. */
  step: 4,
} as const;
export type Mode = (typeof MODE)[keyof typeof MODE];

/** Whether a region checks accesses together. */
export function checksTogether(mode: Mode): boolean {
  return mode !== MODE.careful && mode !== MODE.step;
}

/** An address that is known when it is gone to. */
export interface Target {
  /** Local that holds it. */
  readonly local: number;
  /** What it is now, and mostly then. */
  readonly expected?: number | undefined;
}

/** Where control goes at the end of a block; structure.ts implements it. */
export interface Transfers {
  jump(address: number): void;
  /** Takes the condition from the stack. */
  branch(taken: number, otherwise: number): void;
  jumpToLocal(target: Target): void;
}

/** What all emitters write into, one after the other: the batch takes each region's code out of it. */
const room = new Code(0x4000);

/**
 * Writes the code of one region: guest registers in locals, lazy flags, exits. Within an instruction, everything
 * that can leave must come before the first change of a register or flag.
 */
export class Emitter {
  readonly code = room;
  readonly batch: Batch;
  readonly mode: Mode;
  readonly locals: ValueType[] = [];
  readonly sites: CallSite[] = [];
  /** Where the host stack cost of a frame of this region belongs in the code. */
  readonly costSites: number[] = [];
  transfers!: Transfers;
  /** The instruction being lifted. */
  instruction!: Instruction;
  /** Which groups its accesses belong to. */
  plan: AccessPlan | undefined;

  valid = 0;
  dirty = 0;
  readonly flags = new LazyFlags(this);
  /** Local with the fuel left, or -1 where it is in memory. */
  fuel = -1;

  readonly #registers = new Int32Array(32).fill(-1);
  /** Temporaries by type, and those that the present instruction has. */
  readonly #free: Record<ValueType, number[]> = { [I32]: [], [I64]: [], [F32]: [], [F64]: [], [V128]: [] };
  readonly #taken: number[] = [];
  /** Bytes at the address in a local that need no check. */
  readonly #checked = new Map<number, number>();
  /** First accesses of groups by the local that holds their address. */
  readonly #leaders = new Map<number, Leader>();
  /** The access that has an entry in the TLB of streams: the local that holds its address, and the number of the entry. */
  #streamed = { at: -1, entry: -1 };

  constructor(batch: Batch, mode: Mode) {
    this.batch = batch;
    this.mode = mode;
    this.code.clear();
    PASSED.forEach((register, index) => {
      this.#registers[register] = FIRST_PASSED + index;
    });
  }

  // Locals

  newLocal(type: ValueType): number {
    return FIRST_LOCAL + this.locals.push(type) - 1;
  }
  /** A local for the present instruction only. */
  temp(type: ValueType): number {
    const local = this.#free[type].pop() ?? this.newLocal(type);
    this.#taken.push(local);
    return local;
  }
  releaseTemps(): void {
    const { locals } = this;
    for (let local = this.#taken.pop(); local !== undefined; local = this.#taken.pop())
      this.#free[locals[local - FIRST_LOCAL]!].push(local);
    // To clear a map makes a new table for it.
    if (this.#leaders.size > 0) this.#leaders.clear();
    if (this.#checked.size > 0) this.#checked.clear();
    this.#streamed.at = -1;
  }
  /** Pops the stack into a new temporary. */
  save(type: ValueType): number {
    const local = this.temp(type);
    this.code.set(local);
    return local;
  }

  // What is known of accesses

  nameChecked(at: number, size: number | undefined): void {
    if (size !== undefined) this.#checked.set(at, size);
  }
  /** Whether an access of `size` bytes at the address in a local needs no check. */
  isChecked(at: number, size: number): boolean {
    return (this.#checked.get(at) ?? 0) >= size;
  }
  /** Makes the access at the address in a local check for its group. */
  nameLeader(at: number, leader: Leader | undefined): void {
    if (leader !== undefined) this.#leaders.set(at, leader);
  }
  leaderAt(at: number): Leader | undefined {
    return this.#leaders.get(at);
  }
  nameStream(at: number, entry: number): void {
    this.#streamed = { at, entry };
  }
  /** Number of the entry for the access at the address in a local, or -1. */
  streamAt(at: number): number {
    return this.#streamed.at === at ? this.#streamed.entry : -1;
  }

  // Registers: 0..15 general (i64), 16..31 xmm (v128)

  /** The local of a register that is in one. */
  localOf(register: number): number {
    if ((this.valid & (1 << register)) === 0)
      throw new Error(`${this.#where()} uses register ${register}, not declared`);
    return this.#registerLocal(register);
  }
  #registerLocal(register: number): number {
    let local = this.#registers[register]!;
    if (local < 0) {
      local = this.newLocal(register < 16 ? I64 : V128);
      this.#registers[register] = local;
    }
    return local;
  }
  get(register: number): void {
    this.code.get(this.localOf(register));
  }
  set(register: number): void {
    this.code.set(this.#registerLocal(register));
    this.valid |= 1 << register;
    this.dirty |= 1 << register;
  }
  #where(): string {
    return `${this.instruction.mnemonic} at ${this.instruction.address.toString(16)}`;
  }
  /** Brings registers from memory into their locals. */
  load(registers: number): void {
    for (let left = registers; left !== 0; left &= left - 1) {
      const register = lowest(left);
      this.code.i32(stateOffset(register));
      this.code.loadType(register < 16 ? I64 : V128, 0);
      this.code.set(this.#registerLocal(register));
    }
    this.valid |= registers;
    this.dirty &= ~registers;
  }
  /** Emits stores of the dirty registers; what is dirty afterwards is up to the caller, for this may be a side path. */
  storeDirty(): void {
    this.#store(this.dirty);
  }
  /** Writes registers back that stay in their locals, on the main path. */
  clean(registers: number): void {
    this.#store(registers);
    this.dirty &= ~registers;
  }
  #store(registers: number): void {
    const { code } = this;
    for (let left = registers; left !== 0; left &= left - 1) {
      const register = lowest(left);
      const local = this.#registerLocal(register);
      if (local < ONE_BYTE_LOCALS) code.appendPrepared(preparedStore(register), local);
      else writeStore(code, register, local);
    }
  }
  /** At the entry: only the registers that are passed are there. */
  enter(): void {
    this.forget();
    this.valid = this.dirty = PASSED_BITS;
  }
  /** Writes everything back, on the main path, but for registers that go on as wasm values. */
  writeBack(except = 0): void {
    this.#store(this.dirty & ~except);
    this.flags.store();
    if (this.fuel >= 0) this.storeState(I32, STATE.fuel, () => this.code.get(this.fuel));
    this.dirty = 0;
    this.flags.restore(flagsOfKind(this.flags.kind === FLAGS_DEAD ? FLAGS_DEAD : FLAGS_IN_MEMORY));
  }
  /** After something else may have changed the registers in memory. */
  forget(): void {
    this.loadFuel();
    this.valid = 0;
    this.dirty = 0;
    this.flags.restore(flagsOfKind(FLAGS_IN_MEMORY));
  }
  /** Pushes 16 bits of the state. */
  loadState16(offset: number): void {
    this.code.i32(CPU_STATE + offset);
    this.code.memory(OP.i32_load16_u);
  }
  storeState16(offset: number, value: () => void): void {
    this.code.i32(CPU_STATE + offset);
    value();
    this.code.memory(OP.i32_store16);
  }
  /**
   * In a region with loops that charge fuel, what is left is in a local: memory would make each round wait for the
   * one before. Leaving for a fault does not store it: what is not charged then is less than one run's fuel.
   */
  useFuelLocal(): void {
    this.fuel = this.newLocal(I32);
  }
  /** Brings the fuel left into its local, if there is one. */
  loadFuel(): void {
    if (this.fuel < 0) return;
    this.loadState(I32, STATE.fuel);
    this.code.set(this.fuel);
  }
  placement(): Placement {
    const { valid, dirty, flags } = this;
    return { valid, dirty, flags: flags.placement() };
  }
  restore(placement: Placement): void {
    this.valid = placement.valid;
    this.dirty = placement.dirty;
    this.flags.restore(placement.flags);
  }

  /** Pushes the registers that a call passes, wherever they are. */
  pushPassed(): void {
    for (const register of PASSED) this.#push(register);
  }
  #push(register: number): void {
    if ((this.valid & (1 << register)) !== 0) this.get(register);
    else this.loadState(I64, STATE.gpr + register * 8);
  }
  /** Takes what a call returned from the stack: all other registers are in memory. */
  takeReturned(): void {
    this.code.set(this.#registerLocal(RETURNED));
    this.forget();
    this.valid = this.dirty = 1 << RETURNED;
  }
  /** Ends the region with the next RIP on the stack; all registers but RETURNED are written back. */
  return(): void {
    this.#push(RETURNED);
    this.code.op(OP.return);
  }

  // CPU state in memory

  loadState(type: ValueType, offset: number): void {
    this.code.i32(CPU_STATE + offset);
    this.code.loadType(type, 0);
  }
  storeState(type: ValueType, offset: number, value: () => void): void {
    this.code.i32(CPU_STATE + offset);
    value();
    this.code.storeType(type, 0);
  }
  call(helper: HelperName): void {
    pushImportMark(this.code);
    this.code.call(this.batch.helper(helper));
  }

  /** As call, where a call is unlikely: see Batch.near. */
  callRarely(helper: HelperName): void {
    this.batch.near(helper);
    this.code.op(OP.call);
    this.sites.push({ at: this.code.paddedUnsigned(0), target: helper });
  }

  /** Ends the region with a call of a helper that yields what a region yields. */
  tailCall(helper: HelperName): void {
    pushImportMark(this.code);
    this.code.op(OP.return_call);
    this.code.unsigned(this.batch.helper(helper));
  }
  tailCallRarely(helper: HelperName): void {
    this.batch.near(helper);
    this.code.op(OP.return_call);
    this.sites.push({ at: this.code.paddedUnsigned(0), target: helper });
  }

  // Leaving

  /** Leaves with the guest exactly at `address`; the reason is in the state already. */
  exitAt(address: number): void {
    this.#exit(() => this.code.i64(-address));
  }
  #exit(pushNegativeRip: () => void): void {
    this.storeDirty();
    this.flags.store();
    pushNegativeRip();
    this.#returnNothing();
  }
  #returnNothing(): void {
    this.code.i64(0);
    this.code.op(OP.return);
  }
  /** Leaves before this instruction if the status on the stack is not 0: see `leaveAccess`. */
  exitIfFailed(): void {
    const { code } = this;
    const { address } = this.instruction;
    code.ifUnlikely(VOID);
    if (this.mode === MODE.step) this.exitAt(address);
    else {
      this.storeDirty();
      this.flags.store();
      code.get(STACK_LEFT);
      this.pushPassed();
      code.i64(address);
      this.tailCallRarely('leaveAccess');
    }
    code.end();
  }
  /** Leaves for a reason of Exit. */
  exitFor(reason: number, address: number, exitCode = 0): void {
    this.storeState(I32, STATE.exit, () => this.code.i32(reason));
    if (exitCode !== 0) this.storeState(I32, STATE.exitCode, () => this.code.i32(exitCode));
    this.exitAt(address);
  }
  /** As exitFor, with the guest at the address in a local. */
  exitForLocal(reason: number, rip: number): void {
    this.storeState(I32, STATE.exit, () => this.code.i32(reason));
    this.#exit(() => {
      this.code.i64(0);
      this.code.get(rip);
      this.code.op(OP.i64_sub);
    });
  }
  /** Leaves with the RIP in the state and all registers written back. */
  exitLeft(): void {
    this.code.i64(LEFT);
    this.#returnNothing();
  }
}

/** Stores a local where a register is in memory; yields where its number lies. */
function writeStore(code: Code, register: number, local: number): readonly number[] {
  code.i32(stateOffset(register));
  const position = code.length + 1;
  code.get(local);
  code.storeType(register < 16 ? I64 : V128, 0);
  return [position];
}
/** By register. */
const stores: Prepared[] = [];
function preparedStore(register: number): Prepared {
  return (stores[register] ??= prepare((code) => writeStore(code, register, 0)));
}

function stateOffset(register: number): number {
  return CPU_STATE + (register < 16 ? STATE.gpr + register * 8 : STATE.xmm + (register - 16) * 16);
}

/** Names that `call` takes, for lifters that choose one. */
export type Helper = keyof typeof HELPERS;

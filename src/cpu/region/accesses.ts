import { lowest } from '../../machine/bits.ts';
import { RBP, RSP } from '../../machine/cpu-state.ts';
import type { Instruction, MemoryOperand } from '../decode/instruction.ts';
import type { Effects } from './effects.ts';

/** A register's value as an unknown base plus a constant. */
export interface Value {
  readonly base: number;
  readonly delta: number;
}

export interface Access {
  readonly at: number;
  readonly which: 'operand' | 'stack';
  readonly offset: number;
  readonly size: number;
  readonly writes: boolean;
}

/** The base of what is known in full. */
export const ABSOLUTE = -1;
/** Bases from here on are values that the block's own instructions make; those below are what its registers begin with. */
export const OWN_BASES = 16;

/** What an address without registers begins with. */
const NOTHING_BUT: Value = { base: ABSOLUTE, delta: 0 };

/** The registers when a block begins. */
const FIRST_VALUES: readonly Value[] = Array.from({ length: OWN_BASES }, (_, base) => ({ base, delta: 0 }));

const UNMERGED: ReadonlySet<string> = new Set(['bt', 'bts', 'btr', 'btc', 'pop', 'cmpxchg8b', 'cmpxchg16b']);
const STACK_READ: ReadonlySet<string> = new Set(['pop', 'ret', 'popf']);
const STACK_WRITE: ReadonlySet<string> = new Set(['push', 'call', 'pushf', 'enter']);

/** A value of the stack pointer that is not the one before moved by a constant. */
export interface StackBase {
  readonly base: number;
  /** Number of the instruction that makes it; -1 for what the block begins with. */
  readonly at: number;
}

/** Follows registers through a block as base plus constant, and collects accesses by base. */
export class BlockAccesses {
  readonly byBase = new Map<number, Access[]>();
  /** The stack pointer's, in order. */
  readonly stackBases: StackBase[] = [{ base: RSP, at: -1 }];
  readonly #values = FIRST_VALUES.slice();
  #bases = OWN_BASES;

  constructor(instructions: readonly Instruction[], effects: readonly Effects[]) {
    instructions.forEach((instruction, at) => {
      if (effects[at]!.exits) this.#collect(instruction, effects[at]!, at);
      this.#follow(instruction, effects[at]!.writes);
      this.#followStack(at);
    });
  }
  /** The registers when the block ends. */
  get values(): readonly Value[] {
    return this.#values;
  }
  /** Count of bases. */
  get bases(): number {
    return this.#bases;
  }
  /** A base of its own, even where it is another register's: what that led to was no access to the stack. */
  #followStack(at: number): void {
    const { base } = this.stackBases[this.stackBases.length - 1]!;
    if (this.#values[RSP]!.base === base) return;
    this.#values[RSP] = { base: this.#bases++, delta: 0 };
    this.stackBases.push({ base: this.#values[RSP].base, at });
  }
  #add(
    value: Value,
    distance: number,
    at: number,
    which: Access['which'],
    size: number,
    writes: boolean,
  ): void {
    const access: Access = { at, which, offset: value.delta + distance, size, writes };
    const list = this.byBase.get(value.base);
    if (list === undefined) this.byBase.set(value.base, [access]);
    else list.push(access);
  }
  #collect(instruction: Instruction, { entry }: Effects, at: number): void {
    const { mnemonic, opSize, operands } = instruction;
    const values = this.#values;
    const memory = operands.findIndex(({ kind }) => kind === 'mem');
    const operand = operands[memory];
    if (operand?.kind === 'mem' && isPlain(operand) && !UNMERGED.has(mnemonic)) {
      const role = entry.roles(instruction)[memory] ?? 0;
      const value = operand.base < 0 ? NOTHING_BUT : values[operand.base]!;
      if (role !== 0) this.#add(value, operand.disp, at, 'operand', operand.size, (role & 2) !== 0);
    }
    const size = mnemonic === 'ret' || mnemonic === 'call' ? 8 : opSize;
    if (STACK_READ.has(mnemonic)) this.#add(values[RSP]!, 0, at, 'stack', size, false);
    else if (STACK_WRITE.has(mnemonic)) this.#add(values[RSP]!, -size, at, 'stack', size, true);
    else if (mnemonic === 'leave') this.#add(values[RBP]!, 0, at, 'stack', 8, false);
  }
  #follow(instruction: Instruction, writes: number): void {
    if ((writes & 0xffff) === 0) return;
    const moved = this.#movedRegister(instruction);
    for (let left = writes & 0xffff; left !== 0; left &= left - 1) {
      const register = lowest(left);
      if (register !== moved) this.#values[register] = { base: this.#bases++, delta: 0 };
    }
  }
  /** Follows an instruction that only moves a register by a constant, or copies one; yields which, else -1. */
  #movedRegister(instruction: Instruction): number {
    const { mnemonic, opSize, operands } = instruction;
    const values = this.#values;
    if (mnemonic === 'push' || mnemonic === 'pushf') return this.#shift(RSP, -opSize);
    if (mnemonic === 'pop' || mnemonic === 'popf') {
      const target = operands[0];
      return target?.kind === 'reg' && target.reg === RSP ? -1 : this.#shift(RSP, opSize);
    }
    const [target, source] = operands;
    if (target?.kind !== 'reg' || target.size !== 8) return -1;
    if (source?.kind === 'imm' && (mnemonic === 'add' || mnemonic === 'sub')) {
      return this.#shift(target.reg, mnemonic === 'add' ? Number(source.value) : -Number(source.value));
    }
    if (mnemonic === 'inc' || mnemonic === 'dec') return this.#shift(target.reg, mnemonic === 'inc' ? 1 : -1);
    if (mnemonic === 'mov' && source?.kind === 'reg') {
      values[target.reg] = values[source.reg]!;
      return target.reg;
    }
    if (mnemonic === 'lea' && source?.kind === 'mem' && source.index < 0 && !source.address32) {
      const { base, delta } = source.base < 0 ? NOTHING_BUT : values[source.base]!;
      values[target.reg] = { base, delta: delta + source.disp };
      return target.reg;
    }
    return -1;
  }
  #shift(register: number, by: number): number {
    const { base, delta } = this.#values[register]!;
    this.#values[register] = { base, delta: delta + by };
    return register;
  }
}

function isPlain(operand: MemoryOperand): boolean {
  const { index, segment, address32, size } = operand;
  return index < 0 && segment === undefined && !address32 && size > 0 && size <= 16;
}

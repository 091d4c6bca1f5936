import { RBP, RSP } from '../../machine/cpu-state.ts';
import type { Instruction, MemoryOperand } from '../decode/instruction.ts';
import { entryOf } from '../lift/registry.ts';
import type { Effects } from './effects.ts';
import type { Block } from './graph.ts';

/** Widest group: the wider, the more often it crosses a page and every member takes the slow path. */
const MOST_BYTES = 256;

/**
 * Accesses of one block at constant distances from each other: push after push, the fields of a struct. The first
 * one checks for all; the others only ask whether that succeeded.
 */
export interface AccessGroup {
  /** Range relative to the group's base value. */
  low: number;
  high: number;
  /** Some member writes, so the check is one for writing. */
  writes: boolean;
  /** Local with 1, or 0 after a failed check; -1 before the first member is emitted. */
  checked: number;
}

export interface Member {
  readonly group: AccessGroup;
  readonly offset: number;
}

/** For one instruction. */
export interface AccessPlan {
  /** Its explicit memory operand, and its stack access, where they are members of groups. */
  operand?: Member;
  stack?: Member;
  /** Its memory operand is a stream of this number. */
  stream?: number;
}

/** A register's value as an unknown base plus a constant. */
interface Symbol {
  readonly base: number;
  readonly delta: number;
}

interface Access {
  readonly at: number;
  readonly which: 'operand' | 'stack';
  readonly offset: number;
  readonly size: number;
  readonly writes: boolean;
}

const UNMERGED: ReadonlySet<string> = new Set(['bt', 'bts', 'btr', 'btc', 'pop', 'cmpxchg8b', 'cmpxchg16b']);
const STACK_READ: ReadonlySet<string> = new Set(['pop', 'ret', 'popf']);
const STACK_WRITE: ReadonlySet<string> = new Set(['push', 'call', 'pushf', 'enter']);

/** Plans the merged checks of a block; undefined where nothing is merged. */
export function planGroups({ instructions, effects }: Block): (AccessPlan | undefined)[] {
  const plans = new Array<AccessPlan | undefined>(instructions.length);
  let accesses = 0;
  for (const { exits } of effects) if (exits) accesses++;
  if (accesses < 2) return plans;
  for (const sameBase of new Tracker(instructions, effects).byBase.values()) {
    if (sameBase.length > 1) mergeNear(sameBase, plans);
  }
  return plans;
}

function mergeNear(accesses: readonly Access[], plans: (AccessPlan | undefined)[]): void {
  let first = 0;
  while (first < accesses.length) {
    const group: AccessGroup = { low: accesses[first]!.offset, high: 0, writes: false, checked: -1 };
    group.high = group.low + accesses[first]!.size;
    let end = first;
    for (; end < accesses.length; end++) {
      const { offset, size } = accesses[end]!;
      const low = Math.min(group.low, offset);
      const high = Math.max(group.high, offset + size);
      if (high - low > MOST_BYTES) break;
      group.low = low;
      group.high = high;
      if (accesses[end]!.writes) group.writes = true;
    }
    if (end - first > 1) {
      for (const { at, which, offset } of accesses.slice(first, end))
        (plans[at] ??= {})[which] = { group, offset };
    }
    first = end;
  }
}

/** Follows registers through a block as base plus constant, and collects accesses by base. */
class Tracker {
  readonly byBase = new Map<number, Access[]>();
  readonly #symbols: Symbol[] = Array.from({ length: 16 }, (_, base) => ({ base, delta: 0 }));
  #bases = 16;

  constructor(instructions: readonly Instruction[], effects: readonly Effects[]) {
    instructions.forEach((instruction, at) => {
      if (effects[at]!.exits) this.#collect(instruction, at);
      this.#follow(instruction, effects[at]!.writes);
    });
  }
  #add(symbol: Symbol, distance: number, access: Omit<Access, 'offset'>): void {
    const entry = { ...access, offset: symbol.delta + distance };
    const list = this.byBase.get(symbol.base);
    if (list === undefined) this.byBase.set(symbol.base, [entry]);
    else list.push(entry);
  }
  #collect(instruction: Instruction, at: number): void {
    const { mnemonic, opSize } = instruction;
    const roles = entryOf(instruction)!.roles(instruction);
    instruction.operands.forEach((operand, index) => {
      if (operand.kind !== 'mem' || UNMERGED.has(mnemonic) || !isPlain(operand)) return;
      const writes = ((roles[index] ?? 0) & 2) !== 0;
      this.#add(this.#symbols[operand.base]!, operand.disp, {
        at,
        which: 'operand',
        size: operand.size,
        writes,
      });
    });
    const stack = {
      at,
      which: 'stack',
      size: mnemonic === 'ret' || mnemonic === 'call' ? 8 : opSize,
    } as const;
    if (STACK_READ.has(mnemonic)) this.#add(this.#symbols[RSP]!, 0, { ...stack, writes: false });
    else if (STACK_WRITE.has(mnemonic))
      this.#add(this.#symbols[RSP]!, -stack.size, { ...stack, writes: true });
    else if (mnemonic === 'leave') this.#add(this.#symbols[RBP]!, 0, { ...stack, size: 8, writes: false });
  }
  #follow(instruction: Instruction, writes: number): void {
    if ((writes & 0xffff) === 0) return;
    const moved = this.#movedRegister(instruction);
    for (let register = 0; register < 16; register++) {
      if (writes & (1 << register) && register !== moved)
        this.#symbols[register] = { base: this.#bases++, delta: 0 };
    }
  }
  /** Follows an instruction that only moves a register by a constant, or copies one; yields which, else -1. */
  #movedRegister(instruction: Instruction): number {
    const { mnemonic, opSize, operands } = instruction;
    const symbols = this.#symbols;
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
      symbols[target.reg] = symbols[source.reg]!;
      return target.reg;
    }
    if (
      mnemonic === 'lea' &&
      source?.kind === 'mem' &&
      source.base >= 0 &&
      source.index < 0 &&
      !source.address32
    ) {
      const { base, delta } = symbols[source.base]!;
      symbols[target.reg] = { base, delta: delta + source.disp };
      return target.reg;
    }
    return -1;
  }
  #shift(register: number, by: number): number {
    const { base, delta } = this.#symbols[register]!;
    this.#symbols[register] = { base, delta: delta + by };
    return register;
  }
}

function isPlain(operand: MemoryOperand): boolean {
  const { base, index, segment, address32, size } = operand;
  return base >= 0 && index < 0 && segment === undefined && !address32 && size > 0 && size <= 16;
}

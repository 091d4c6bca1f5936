import { lowest } from '../../machine/bits.ts';
import type { Instruction, MemoryOperand, Operand } from '../decode/instruction.ts';
import { effectsOf } from './analysis.ts';
import type { CodeReader } from './code-reader.ts';
import { directTarget, VOLATILE } from './effects.ts';

/*
 * A switch jumps to an address that it loads from a table: the address itself, or its distance from the table or from the
 * image. What stands there now is only a guess of where the jump goes: translated code looks where it does go. So this
 * need not prove anything, and follows one path to the jump, the one by which it was found.
 */

/** Where a jump through a table may go. */
export interface JumpTable {
  /** Of its first entry. */
  readonly address: number;
  /** Without repetitions. */
  readonly targets: readonly number[];
}

/** Most entries that are looked at. */
const MOST_ENTRIES = 400;
const FEWEST_TARGETS = 3;
/** Farthest that a case lies from its jump. */
const LONGEST_JUMP = 0x2_0000;
/** Instructions before a jump among which its table is looked for. */
export const LONGEST_PATH = 150;
/** Instructions before a jump among which the comparison of its index is. */
const LONGEST_CHECK = 24;

/** How an entry makes a target: added to `origin`, or by itself where that is 0. */
interface Entry {
  readonly kind: 'entry';
  readonly table: number;
  readonly width: 4 | 8;
  readonly isSigned: boolean;
  readonly origin: number;
  /** What the index is at most, as far as its register tells. */
  readonly most: number;
}

/** What a register holds: an address known now, an index up to a limit, or an entry of a table. */
type Value =
  | { readonly kind: 'address'; readonly address: number }
  | { readonly kind: 'index'; readonly most: number }
  | Entry;

/** Where `jump` goes by a table, given the instructions before it, if it is one that can be read now. */
export function findJumpTable(
  path: readonly Instruction[],
  jump: Instruction,
  reader: CodeReader,
): JumpTable | undefined {
  const values = new Values();
  path.forEach((instruction, at) => {
    values.follow(instruction, path[at + 1] ?? jump, path.length - at);
  });
  const entry = values.targetOf(jump.operands[0]!);
  if (entry === undefined) return undefined;
  const targets = readTargets(entry, mostOf(entry, values.bound), jump.address, reader);
  return targets.length < FEWEST_TARGETS ? undefined : { address: entry.table, targets };
}

/** Addresses in a table are of computed gotos, mostly: what was compared before has nothing to do with them. */
function mostOf({ most, width }: Entry, bound: number): number {
  return width === 8 && most !== Number.POSITIVE_INFINITY ? most : Math.min(most, bound);
}

function readTargets(
  { table, width, isSigned, origin }: Entry,
  most: number,
  jump: number,
  reader: CodeReader,
): number[] {
  const targets = new Set<number>();
  // Distances are small numbers, as much else is: without a limit for the index they tell nothing.
  if (most === Number.POSITIVE_INFINITY && width === 4) return [];
  const count = Math.min(most + 1, MOST_ENTRIES);
  for (let index = 0; index < count; index++) {
    const read = reader.dataAt(table + index * width, width);
    if (read === undefined) break;
    const target = origin + (isSigned ? read | 0 : read);
    if (Math.abs(target - jump) > LONGEST_JUMP) break;
    targets.add(target);
  }
  return [...targets];
}

/** Follows registers along a path. */
class Values {
  /** What the last comparison before the jump lets pass. */
  bound = Number.POSITIVE_INFINITY;
  readonly #registers: (Value | undefined)[] = new Array(16).fill(undefined);
  #compared = -1;

  /** `distance`: how many instructions before the jump this one is. */
  follow(instruction: Instruction, after: Instruction, distance: number): void {
    const { mnemonic, operands } = instruction;
    if (mnemonic === 'jcc') {
      if (distance <= LONGEST_CHECK) this.#branch(instruction, after.address);
      return;
    }
    const [target, source] = operands;
    if (mnemonic === 'cmp') this.#compared = source?.kind === 'imm' ? Number(source.value) : -1;
    const value =
      target?.kind === 'reg' && source !== undefined
        ? this.#result(mnemonic, target.reg, target.size, source)
        : undefined;
    const lost = mnemonic === 'call' ? VOLATILE : effectsOf(instruction).writes & 0xffff;
    for (let left = lost; left !== 0; left &= left - 1) this.#registers[lowest(left)] = undefined;
    if (value !== undefined && target?.kind === 'reg') this.#registers[target.reg] = value;
  }
  /** Above and not below-or-equal let pass what is at most the constant; below and not above-or-equal, what is less. */
  #branch(branch: Instruction, next: number): void {
    const isTaken = directTarget(branch) === next;
    const passing = branch.condition ^ (isTaken ? 0 : 1);
    if (this.#compared < 0 || (passing !== 6 && passing !== 2)) return;
    this.bound = passing === 6 ? this.#compared : this.#compared - 1;
  }

  /** What an instruction leaves in its target register, if that tells something. */
  #result(mnemonic: string, target: number, size: number, source: Operand): Value | undefined {
    if (mnemonic === 'and' && source.kind === 'imm' && source.value >= 0n)
      return { kind: 'index', most: Number(source.value) };
    if (mnemonic === 'add' && size === 8 && source.kind === 'reg')
      return sum(this.#registers[target], this.#registers[source.reg]);
    if (mnemonic === 'lea' && source.kind === 'mem' && size === 8) return this.#addressOf(source);
    if (mnemonic === 'movzx') return sizeOf(source) === 1 ? { kind: 'index', most: 0xff } : undefined;
    if (mnemonic !== 'mov' && mnemonic !== 'movsxd') return undefined;
    if (source.kind === 'reg') return size >= 4 ? this.#registers[source.reg] : undefined;
    return source.kind === 'mem' ? this.#load(source, mnemonic === 'movsxd') : undefined;
  }
  #addressOf({ base, index, disp, segment }: MemoryOperand): Value | undefined {
    if (index >= 0 || segment !== undefined) return undefined;
    const from = base < 0 ? 0 : addressIn(this.#registers[base]);
    return from === undefined ? undefined : { kind: 'address', address: from + disp };
  }
  #load(operand: MemoryOperand, isSigned: boolean): Entry | undefined {
    const { base, index, scale, disp, size, segment, address32 } = operand;
    if (index < 0 || scale !== size || (size !== 4 && size !== 8) || segment !== undefined || address32)
      return undefined;
    const from = base < 0 ? 0 : addressIn(this.#registers[base]);
    if (from === undefined) return undefined;
    const value = this.#registers[index];
    const most = value?.kind === 'index' ? value.most : Number.POSITIVE_INFINITY;
    return { kind: 'entry', table: from + disp, width: size, isSigned, origin: 0, most };
  }
  /** The entry of a table that a jump to an operand takes. */
  targetOf(operand: Operand): Entry | undefined {
    const value =
      operand.kind === 'reg'
        ? this.#registers[operand.reg]
        : operand.kind === 'mem'
          ? this.#load(operand, false)
          : undefined;
    if (value?.kind !== 'entry') return undefined;
    return value.width === 8 || value.origin !== 0 ? value : undefined;
  }
}

function addressIn(value: Value | undefined): number | undefined {
  return value?.kind === 'address' ? value.address : undefined;
}

function sizeOf(operand: Operand): number {
  return operand.kind === 'mem' || operand.kind === 'reg' ? operand.size : 0;
}

/** A distance from a table plus an address. */
function sum(a: Value | undefined, b: Value | undefined): Entry | undefined {
  const [entry, address] = [a, b].sort((x) => (x?.kind === 'entry' ? -1 : 1));
  const origin = addressIn(address);
  if (entry?.kind !== 'entry' || origin === undefined || entry.width === 8) return undefined;
  return { ...entry, origin };
}

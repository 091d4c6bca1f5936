import type { Instruction, Mnemonic } from '../decode/instruction.ts';
import { FLAGS, FLOW, type Flow, roles } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';

/** How one mnemonic is analysed and translated. */
export interface Entry {
  lift(e: Emitter, instruction: Instruction): void;
  /** False when this form of the mnemonic is not implemented (an MMX register, say). */
  accepts(instruction: Instruction): boolean;
  roles(instruction: Instruction): readonly number[];
  /** Implicit registers. */
  uses(instruction: Instruction): number;
  defines(instruction: Instruction): number;
  /** Bits of FLAGS. */
  flags(instruction: Instruction): number;
  /** It can leave before it is done even without a memory operand. */
  exits(instruction: Instruction): boolean;
  readonly flow: Flow;
}

/** The instructions of one file of this folder. */
export type Family = Partial<Record<Mnemonic, Entry>>;

type Lift = Entry['lift'];
interface Options {
  accepts?: (instruction: Instruction) => boolean;
  uses?: number | ((instruction: Instruction) => number);
  /** Implicit registers written in full. One written in part or only sometimes belongs to `uses` too. */
  defines?: number | ((instruction: Instruction) => number);
  flags?: number | ((instruction: Instruction) => number);
  exits?: boolean | ((instruction: Instruction) => boolean);
  flow?: Flow;
}

/** An entry; `operandRoles` as in roles(). */
export function entry(
  operandRoles: string | ((instruction: Instruction) => string),
  lift: Lift,
  options: Options = {},
): Entry {
  const exits = options.exits ?? false;
  return {
    lift,
    accepts: options.accepts ?? integerOrXmm,
    roles: asRoles(operandRoles),
    uses: asFunction(options.uses),
    defines: asFunction(options.defines),
    flags: asFunction(options.flags ?? FLAGS.none),
    exits: typeof exits === 'function' ? exits : () => exits,
    flow: options.flow ?? FLOW.next,
  };
}

function asRoles(text: string | ((instruction: Instruction) => string)): Entry['roles'] {
  if (typeof text === 'string') {
    const fixed = roles(text);
    return () => fixed;
  }
  const known = new Map<string, readonly number[]>();
  return (instruction) => {
    const form = text(instruction);
    let found = known.get(form);
    if (found === undefined) {
      found = roles(form);
      known.set(form, found);
    }
    return found;
  };
}

function asFunction(option: Options['uses']): (instruction: Instruction) => number {
  if (typeof option === 'function') return option;
  const value = option ?? 0;
  return () => value;
}

const IMPLEMENTED_KINDS: ReadonlySet<string> = new Set(['reg', 'xmm', 'mem', 'imm', 'target']);

function integerOrXmm(instruction: Instruction): boolean {
  return instruction.operands.every((operand) => IMPLEMENTED_KINDS.has(operand.kind));
}

/** Family members that share an entry maker. */
export function each<M extends Mnemonic>(mnemonics: readonly M[], make: (mnemonic: M) => Entry): Family {
  const family: Family = {};
  for (const mnemonic of mnemonics) family[mnemonic] = make(mnemonic);
  return family;
}

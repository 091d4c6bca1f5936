import type { Instruction, MemoryOperand, Operand } from '../decode/instruction.ts';
import { VOLATILE } from './effects.ts';
import type { Block } from './graph.ts';
import type { AccessPlan } from './groups.ts';

/*
 * A stream is an access in a loop whose address moves on by small steps, or not at all, so that it mostly is in the page
 * that it was in before. It has an entry of its own in the TLB of streams (tlb/layout.ts).
 */

/** Streams of a region have numbers modulo this. */
export const STREAM_NUMBERS = 15;
/** Most bytes that an address may move in a round for its access to be a stream. */
const LONGEST_STEP = 256;

/** Notes the streams of all loops in the access plans of each block. */
export function planStreams(
  blocks: readonly Block[],
  loops: readonly (readonly number[])[],
  plans: readonly (AccessPlan | undefined)[][],
): void {
  const seen = new Uint8Array(blocks.length);
  // Numbers begin elsewhere in each region, so that loops of caller and callee seldom share one.
  let number = Math.floor(blocks[0]!.start / 16);
  // A block belongs to the smallest loop around it.
  for (const body of [...loops].sort((a, b) => a.length - b.length)) {
    const moves = new Moves(body.map((index) => blocks[index]!));
    for (const index of body) {
      if (seen[index] === 1) continue;
      seen[index] = 1;
      blocks[index]!.instructions.forEach((instruction, at) => {
        const operand = instruction.operands.find(isAccess);
        if (operand !== undefined && moves.isSlow(operand))
          (plans[index]![at] ??= {}).stream = number++ % STREAM_NUMBERS;
      });
    }
  }
}

function isAccess(operand: Operand): operand is MemoryOperand {
  return operand.kind === 'mem' && operand.size > 0 && operand.size <= 16 && operand.segment === undefined;
}

/** How far registers move in one round of a loop. */
class Moves {
  /** Bytes by register: 0 = does not change, -1 = nobody knows. */
  readonly #steps = new Array<number>(16).fill(0);
  /** Registers that the value of a register comes from. */
  readonly #sources: number[][] = Array.from({ length: 16 }, () => []);

  constructor(body: readonly Block[]) {
    for (const { instructions, effects, isCall } of body) {
      instructions.forEach((instruction, at) => {
        this.#note(instruction, effects[at]!.writes);
      });
      if (isCall) this.#forget(VOLATILE);
    }
    for (let changed = true; changed; ) changed = this.#spread();
  }
  #forget(registers: number): void {
    for (let register = 0; register < 16; register++)
      if (registers & (1 << register)) this.#steps[register] = -1;
  }
  #note(instruction: Instruction, writes: number): void {
    for (let register = 0; register < 16; register++) {
      if ((writes & (1 << register)) === 0 || this.#steps[register]! < 0) continue;
      const step = stepOf(instruction, register);
      if (step === undefined) this.#steps[register] = -1;
      else {
        this.#steps[register]! += step.distance;
        if (step.source !== register) this.#sources[register]!.push(step.source);
      }
    }
  }
  /** A register that comes from one that nobody knows is unknown, too; one that comes from another moves as far. */
  #spread(): boolean {
    let changed = false;
    this.#sources.forEach((sources, register) => {
      for (const source of sources) {
        const own = this.#steps[register]!;
        const step = this.#steps[source]!;
        if (own < 0 || (step >= 0 && step <= own)) continue;
        this.#steps[register] = step > LONGEST_STEP ? -1 : step;
        changed = true;
      }
    });
    return changed;
  }

  isSlow({ base, index, scale }: MemoryOperand): boolean {
    const ofBase = base < 0 ? 0 : this.#steps[base]!;
    const ofIndex = index < 0 ? 0 : this.#steps[index]! * scale;
    return ofBase >= 0 && ofIndex >= 0 && ofBase + ofIndex <= LONGEST_STEP;
  }
}

/** Where the new value of a register comes from, if it is another register's or its own, moved by a constant. */
function stepOf(
  { mnemonic, operands }: Instruction,
  register: number,
): { source: number; distance: number } | undefined {
  if (mnemonic === 'cdqe') return { source: register, distance: 0 };
  const [target, from] = operands;
  if (target?.kind !== 'reg' || target.reg !== register || target.size < 4) return undefined;
  if (mnemonic === 'inc' || mnemonic === 'dec') return { source: register, distance: 1 };
  if ((mnemonic === 'add' || mnemonic === 'sub') && from?.kind === 'imm')
    return { source: register, distance: Math.abs(Number(from.value)) };
  if ((mnemonic === 'mov' || mnemonic === 'movsxd') && from?.kind === 'reg' && from.size >= 4)
    return { source: from.reg, distance: 0 };
  if (mnemonic === 'lea' && from?.kind === 'mem' && from.base >= 0 && from.index < 0)
    return { source: from.base, distance: Math.abs(from.disp) };
  return undefined;
}

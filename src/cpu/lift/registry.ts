import type { Instruction } from '../decode/instruction.ts';
import { ALU } from './alu.ts';
import { BIT } from './bit.ts';
import { CONTROL } from './control.ts';
import type { Entry } from './entry.ts';
import { MOVE } from './move.ts';
import { MULDIV } from './muldiv.ts';
import { SHIFT } from './shift.ts';
import { SSE_FLOAT } from './sse-float.ts';
import { SSE_INT } from './sse-int.ts';
import { SSE_MOVE } from './sse-move.ts';
import { STACK } from './stack.ts';
import { STRING } from './string.ts';
import { SYSTEM } from './system.ts';

const ENTRIES = new Map<string, Entry>(
  [ALU, BIT, CONTROL, MOVE, MULDIV, SHIFT, SSE_FLOAT, SSE_INT, SSE_MOVE, STACK, STRING, SYSTEM].flatMap(
    (family) => Object.entries(family),
  ),
);

/** How an instruction is translated, or undefined when it is not implemented. */
export function entryOf(instruction: Instruction): Entry | undefined {
  const found = ENTRIES.get(instruction.mnemonic);
  return found?.accepts(instruction) ? found : undefined;
}

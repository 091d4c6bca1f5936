import type { Instruction } from '../decode/instruction.ts';
import { AES } from './aes.ts';
import { ALU } from './alu.ts';
import { BIT } from './bit.ts';
import { CONTROL } from './control.ts';
import { CRC32 } from './crc32.ts';
import type { Entry } from './entry.ts';
import { MOVE } from './move.ts';
import { MULDIV } from './muldiv.ts';
import { SHIFT } from './shift.ts';
import { SSE_CONVERT } from './sse-convert.ts';
import { SSE_FLOAT } from './sse-float.ts';
import { SSE_HORIZONTAL } from './sse-horizontal.ts';
import { SSE_INT } from './sse-int.ts';
import { SSE_MOVE } from './sse-move.ts';
import { SSE_ROUND } from './sse-round.ts';
import { SSE41 } from './sse41.ts';
import { SSSE3 } from './ssse3.ts';
import { STACK } from './stack.ts';
import { STRING } from './string.ts';
import { STRING_COMPARE } from './string-compare.ts';
import { SYSTEM } from './system.ts';
import { X87_ARITHMETIC } from './x87-arithmetic.ts';
import { X87_CONTROL } from './x87-control.ts';
import { X87_MOVE } from './x87-move.ts';

const ENTRIES = new Map<string, Entry>(
  [
    ALU,
    BIT,
    CONTROL,
    MOVE,
    MULDIV,
    SHIFT,
    SSE_CONVERT,
    SSE_FLOAT,
    SSE_HORIZONTAL,
    SSE_INT,
    SSE_MOVE,
    SSE_ROUND,
    SSSE3,
    SSE41,
    STRING_COMPARE,
    CRC32,
    AES,
    STACK,
    STRING,
    SYSTEM,
    X87_ARITHMETIC,
    X87_CONTROL,
    X87_MOVE,
  ].flatMap((family) => Object.entries(family)),
);

/** How an instruction is translated, or undefined when it is not implemented. */
export function entryOf(instruction: Instruction): Entry | undefined {
  const found = ENTRIES.get(instruction.mnemonic);
  return found?.accepts(instruction) ? found : undefined;
}

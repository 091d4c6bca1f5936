import type { GuestMemory } from '../memory/guest-memory.ts';
import { bounded, type CatchBlock, CXX_EXCEPTION, CXX_MAGIC } from './cxx-tables.ts';
import { adjust, DECORATED_NAME, isSameType } from './cxx-types.ts';
import { RECORD } from './exception-record.ts';
import type { GuestCallRequest } from './host-frames.ts';

/** What was thrown: the parameters of an exception record with code CXX_EXCEPTION. */
export interface Thrown {
  readonly object: number;
  /** ThrowInfo, and the image that its RVAs are of. */
  readonly info: number;
  readonly imageBase: number;
}

/** Undefined for an exception that no `throw` made. */
export function readThrown(memory: GuestMemory, record: number): Thrown | undefined {
  if (memory.u32(record) !== CXX_EXCEPTION || memory.u32(record + RECORD.count) < 4) return undefined;
  const at = record + RECORD.parameters;
  const magic = memory.u64(at);
  if (magic < CXX_MAGIC || magic > CXX_MAGIC + 2) return undefined;
  return { object: memory.u64(at + 8), info: memory.u64(at + 16), imageBase: memory.u64(at + 24) };
}

/** Const, volatile and unaligned: what a handler's type may add and must not drop. */
const QUALIFIERS = 7;
const REFERENCE = 8;
const SIMPLE_TYPE = 1;
const BY_REFERENCE_ONLY = 2;
const HAS_VIRTUAL_BASE = 4;

/** Address of the CatchableType by which a handler takes what was thrown; 0 when it does not; -1 for catch (...). */
export function matchCatch(
  memory: GuestMemory,
  imageBase: number,
  block: CatchBlock,
  thrown: Thrown | undefined,
): number {
  const type = imageBase + block.type;
  if (block.type === 0 || memory.u8(type + DECORATED_NAME) === 0) return -1;
  if (!thrown || thrown.info === 0) return 0;
  if ((memory.u32(thrown.info) & QUALIFIERS & ~block.adjectives) !== 0) return 0;
  const types = thrown.imageBase + memory.u32(thrown.info + 12);
  const count = bounded(memory.u32(types));
  for (let i = 0; i < count; i++) {
    const catchable = thrown.imageBase + memory.u32(types + 4 + i * 4);
    if ((memory.u32(catchable) & BY_REFERENCE_ONLY) !== 0 && (block.adjectives & REFERENCE) === 0) continue;
    if (isSameType(memory, type, thrown.imageBase + memory.u32(catchable + 4))) return catchable;
  }
  return 0;
}

const POINTER = 8;

/** Makes the variable of a catch block. */
export function* makeVariable(
  memory: GuestMemory,
  at: number,
  block: CatchBlock,
  catchable: number,
  { object, imageBase }: Thrown,
): Generator<GuestCallRequest, void, number> {
  const properties = memory.u32(catchable);
  const pmd = catchable + 8;
  const size = memory.u32(catchable + 20);
  const copy = memory.u32(catchable + 24);
  if ((block.adjectives & REFERENCE) !== 0) memory.setU64(at, adjust(memory, object, pmd));
  else if ((properties & SIMPLE_TYPE) !== 0) {
    memory.copy(at, object, size);
    if (size === POINTER && isMoved(memory, pmd)) {
      const pointer = memory.u64(at);
      if (pointer !== 0) memory.setU64(at, adjust(memory, pointer, pmd));
    }
  } else if (copy === 0) memory.copy(at, adjust(memory, object, pmd), size);
  else {
    const mostDerived = (properties & HAS_VIRTUAL_BASE) !== 0 ? [1] : [];
    yield { address: imageBase + copy, args: [at, adjust(memory, object, pmd), ...mostDerived] };
  }
}

/** Other values of eight bytes are not to pass through a number. */
function isMoved(memory: GuestMemory, pmd: number): boolean {
  return memory.u32(pmd) !== 0 || (memory.u32(pmd + 4) | 0) >= 0;
}

import { RSP } from '../../machine/cpu-state.ts';
import { DECORATED_NAME } from '../../process/cxx-types.ts';
import type { Thread } from '../../process/thread.ts';
import { family, hidden, library, type StubFrame } from '../api.ts';
import { release } from './allocation.ts';
import { raiseObject } from './cxx-exception.ts';
import { crtOf, keptBlock } from './state.ts';
import { writeTerminated } from './text.ts';

/** Exceptions of the standard library that the runtime itself throws, with their base classes. */
const LINES = {
  bad_cast: ['bad_cast', 'exception'],
  bad_typeid: ['bad_typeid', 'exception'],
  __non_rtti_object: ['__non_rtti_object', 'bad_typeid', 'exception'],
} as const;
export type StandardException = keyof typeof LINES;

/** std::exception: its table of virtual functions, its text, and whether the text is the object's own. */
const TEXT = 8;
const OWNED = 16;
const SIZE = 24;
/** Where the frame of a function that throws keeps the object, as it would keep one of its own. */
const OBJECT = 0x30;
export const THROWING_FRAME: StubFrame = { size: OBJECT + SIZE };

const DESTROY = '_DeleteException';
const WHAT = '_WhatOfException';

// Where things are in the block that an exception is described in; what follows are the types, then the text.
const THROW_INFO = 0x00;
const CATCHABLE_TYPES = 0x10;
const TABLE = 0x28;
const TYPES = 0x40;
/** A CatchableType, and behind it its TypeDescriptor. */
const TYPE_SIZE = 0x60;
const DESCRIPTOR = 0x20;
const NO_VIRTUAL_BASE = -1;

/** Describes the exception as a compiler does, every RVA counted from the block itself. */
function describe(thread: Thread, line: readonly string[], text: string, block: number): void {
  const { memory, process } = thread;
  memory.setU32(block + THROW_INFO + 12, CATCHABLE_TYPES);
  memory.setU32(block + CATCHABLE_TYPES, line.length);
  line.forEach((name, i) => {
    const type = TYPES + i * TYPE_SIZE;
    memory.setU32(block + CATCHABLE_TYPES + 4 + i * 4, type);
    memory.setU32(block + type + 4, type + DESCRIPTOR);
    memory.setU32(block + type + 12, NO_VIRTUAL_BASE);
    memory.setU32(block + type + 20, SIZE);
    writeTerminated(memory, block + type + DESCRIPTOR + DECORATED_NAME, `.?AV${name}@std@@`, false);
  });
  [DESTROY, WHAT].forEach((name, i) => {
    const address = process.hiddenFunctions.get(`${process.serving}!${name}`) ?? 0;
    memory.setU64(block + TABLE + i * 8, address);
  });
  writeTerminated(memory, block + TYPES + line.length * TYPE_SIZE, text, false);
}

/** Throws an exception from a function with a THROWING_FRAME. */
export function throwStandard(thread: Thread, kind: StandardException, text: string): 0 {
  const { memory, process, cpu } = thread;
  const line = LINES[kind];
  const textAt = TYPES + line.length * TYPE_SIZE;
  const name = `${process.serving}'s ${kind}: ${text}`;
  const block = keptBlock(crtOf(process), name, textAt + text.length + 1, (address) => {
    describe(thread, line, text, address);
  });
  const object = cpu.gpr(RSP) + OBJECT;
  memory.setU64(object, block + TABLE);
  memory.setU64(object + TEXT, block + textAt);
  memory.setU64(object + OWNED, 0);
  return raiseObject(thread, object, block + THROW_INFO, block);
}

const PAGES = 'https://learn.microsoft.com/cpp/standard-library/exception-class';

/** The virtual functions of those exceptions, whose texts are never their own. */
export const standardExceptionApi = family('crt', PAGES, () => ({
  [WHAT]: hidden(library('this: address', 'address', ({ memory }, object) => memory.u64(object + TEXT))),
  [DESTROY]: hidden(
    library('this: address, flags: dword', 'address', ({ process }, object, flags) => {
      if ((flags & 1) !== 0) release(process, object);
      return object;
    }),
  ),
}));

import { STATE } from '../../machine/cpu-state.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { EINVAL, failErrno } from './errno.ts';

/**
 * The floating-point control word as float.h has it (https://learn.microsoft.com/cpp/c-runtime-library/reference/control87-controlfp-control87-2):
 * masks, rounding and denormals, kept in MXCSR and in the x87 control word.
 */
const MCW_EM = 0x0008_001f;
const MCW_RC = 0x0000_0300;
const MCW_DN = 0x0300_0000;
const EM_DENORMAL = 0x0008_0000;
const DN_FLUSH = 0x0100_0000;

/** [bit of float.h, bit number of its flag in MXCSR and the x87 status word]. */
const EXCEPTIONS: readonly (readonly [number, number])[] = [
  [0x10, 0],
  [EM_DENORMAL, 1],
  [0x08, 2],
  [0x04, 3],
  [0x02, 4],
  [0x01, 5],
];
const FLAGS = 0x3f;
/** Masks stand this much above the flags in MXCSR. */
const MASK_SHIFT = 7;
const ROUNDING_SHIFT = 13;
const X87_ROUNDING_SHIFT = 10;
const FLUSH_TO_ZERO = 0x8000;
const DENORMALS_ARE_ZERO = 0x40;

function fromHardware(bits: number): number {
  return EXCEPTIONS.reduce((all, [ours, bit]) => ((bits >> bit) & 1 ? all | ours : all), 0);
}
function toHardware(exceptions: number): number {
  return EXCEPTIONS.reduce((all, [ours, bit]) => ((exceptions & ours) !== 0 ? all | (1 << bit) : all), 0);
}

/** Rounding down and up have the same numbers in float.h, MXCSR and the x87: 0 near, 1 down, 2 up, 3 chop. */
function controlWord(thread: Thread): number {
  const mxcsr = thread.cpu.word(STATE.mxcsr);
  const rounding = ((mxcsr >> ROUNDING_SHIFT) & 3) << 8;
  return fromHardware(mxcsr >> MASK_SHIFT) | rounding | ((mxcsr & FLUSH_TO_ZERO) !== 0 ? DN_FLUSH : 0);
}

function setControlWord(thread: Thread, word: number): void {
  const { cpu } = thread;
  const masks = toHardware(word);
  const rounding = (word & MCW_RC) >> 8;
  const flush = (word & MCW_DN) === DN_FLUSH ? FLUSH_TO_ZERO | DENORMALS_ARE_ZERO : 0;
  cpu.setWord(
    STATE.mxcsr,
    (cpu.word(STATE.mxcsr) & FLAGS) | (masks << MASK_SHIFT) | (rounding << ROUNDING_SHIFT) | flush,
  );
  const x87 = cpu.word(STATE.fxsave);
  const kept = x87 & ~(FLAGS | (3 << X87_ROUNDING_SHIFT));
  cpu.setX87Words(kept | masks | (rounding << X87_ROUNDING_SHIFT));
}

/** _control87; `mask` says which bits of `value` count. The new control word. */
function control(thread: Thread, value: number, mask: number): number {
  if (mask !== 0) setControlWord(thread, (controlWord(thread) & ~mask) | (value & mask));
  return controlWord(thread);
}

/** Flags of both units; the x87's status word is the upper half of the first word. */
function status(thread: Thread): number {
  thread.cpu.setWord(STATE.observesMxcsr, 1);
  return fromHardware((thread.cpu.word(STATE.mxcsr) | (thread.cpu.word(STATE.fxsave) >>> 16)) & FLAGS);
}

function clear(thread: Thread): number {
  const before = status(thread);
  thread.cpu.setWord(STATE.mxcsr, thread.cpu.word(STATE.mxcsr) & ~FLAGS);
  thread.cpu.setX87Words(thread.cpu.word(STATE.fxsave) & ~(FLAGS << 16));
  return before;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** float.h: control and status of the floating-point units. */
export const fpControlApi = family('crt', PAGES, () => ({
  _control87: library('new: dword, mask: dword', 'dword', control),
  /** Never changes the mask of the denormal exception, as documented. */
  _controlfp: library('new: dword, mask: dword', 'dword', (thread, value, mask) =>
    control(thread, value, mask & ~EM_DENORMAL),
  ),
  _controlfp_s: library(
    'currentControl: address, newControl: dword, mask: dword',
    'int',
    (thread, into, value, mask) => {
      if ((mask & ~(MCW_EM | MCW_RC | MCW_DN | 0x70000)) !== 0) return failErrno(thread, EINVAL, EINVAL);
      const word = control(thread, value, mask & ~EM_DENORMAL);
      if (into !== 0) thread.memory.setU32(into, word);
      return 0;
    },
  ),
  _status87: library('', 'dword', status),
  _statusfp: library('', 'dword', status),
  _clear87: library('', 'dword', clear),
  _clearfp: library('', 'dword', clear),
  _fpreset: library('', 'void', (thread) => {
    setControlWord(thread, MCW_EM);
    clear(thread);
    return 0;
  }),
}));

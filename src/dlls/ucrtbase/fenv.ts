import { STATE } from '../../machine/cpu-state.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';

/** fenv_t: control word and status word, in fenv.h's bits. */
const CONTROL = 0;
const STATUS = 4;

/** [bit of fenv.h, bit number in MXCSR]: inexact, underflow, overflow, divide by zero, invalid. */
const EXCEPTIONS: readonly (readonly [number, number])[] = [
  [0x01, 5],
  [0x02, 4],
  [0x04, 3],
  [0x08, 2],
  [0x10, 0],
];
const ALL = 0x1f;
const MASK_SHIFT = 7;
const ROUNDING_SHIFT = 13;
/** fenv.h's rounding modes are the control registers' numbers times this: nearest, down, up, toward zero. */
const MODE = 0x100;
const X87_ROUNDING_SHIFT = 10;

function toHardware(exceptions: number): number {
  return EXCEPTIONS.reduce((all, [ours, bit]) => ((exceptions & ours) !== 0 ? all | (1 << bit) : all), 0);
}
function fromHardware(bits: number): number {
  return EXCEPTIONS.reduce((all, [ours, bit]) => (((bits >> bit) & 1) !== 0 ? all | ours : all), 0);
}

const mxcsr = (t: Thread) => t.cpu.word(STATE.mxcsr);
const setMxcsr = (t: Thread, value: number) => t.cpu.setWord(STATE.mxcsr, value >>> 0);

/** Flags of both units; the x87's status word is the upper half of the first word. */
function raised(t: Thread): number {
  return fromHardware(mxcsr(t) | (t.cpu.word(STATE.fxsave) >>> 16));
}

function setRaised(t: Thread, exceptions: number, flags: number): void {
  const bits = toHardware(exceptions);
  setMxcsr(t, (mxcsr(t) & ~bits) | toHardware(flags & exceptions));
  t.cpu.setWord(STATE.fxsave, (t.cpu.word(STATE.fxsave) & ~(bits << 16)) >>> 0);
}

function rounding(t: Thread): number {
  return ((mxcsr(t) >> ROUNDING_SHIFT) & 3) * MODE;
}

function setRounding(t: Thread, mode: number): number {
  if (mode % MODE !== 0 || mode < 0 || mode > 3 * MODE) return 1;
  const number = mode / MODE;
  setMxcsr(t, (mxcsr(t) & ~(3 << ROUNDING_SHIFT)) | (number << ROUNDING_SHIFT));
  const x87 = t.cpu.word(STATE.fxsave);
  t.cpu.setWord(STATE.fxsave, ((x87 & ~(3 << X87_ROUNDING_SHIFT)) | (number << X87_ROUNDING_SHIFT)) >>> 0);
  return 0;
}

function masks(t: Thread): number {
  return fromHardware(mxcsr(t) >> MASK_SHIFT);
}
function setMasks(t: Thread, exceptions: number): void {
  const bits = toHardware(exceptions) << MASK_SHIFT;
  setMxcsr(t, (mxcsr(t) & ~(toHardware(ALL) << MASK_SHIFT)) | bits);
}

function store(t: Thread, env: number): void {
  t.memory.setU32(env + CONTROL, masks(t) | rounding(t));
  t.memory.setU32(env + STATUS, raised(t));
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** fenv.h. */
export const fenvApi = family('crt', PAGES, () => ({
  fegetround: library('', 'int', rounding),
  fesetround: library('round: int', 'int', setRounding),
  fetestexcept: library('excepts: int', 'int', (t, excepts) => raised(t) & excepts),
  feclearexcept: library('excepts: int', 'int', (t, excepts) => {
    setRaised(t, excepts & ALL, 0);
    return 0;
  }),
  fegetenv: library('envp: address', 'int', (t, env) => {
    store(t, env);
    return 0;
  }),
  fesetenv: library('envp: address', 'int', (t, env) => {
    const control = t.memory.u32(env + CONTROL);
    setMasks(t, control & ALL);
    setRounding(t, control & (3 * MODE));
    setRaised(t, ALL, t.memory.u32(env + STATUS));
    return 0;
  }),
  feholdexcept: library('envp: address', 'int', (t, env) => {
    store(t, env);
    setRaised(t, ALL, 0);
    setMasks(t, ALL);
    return 0;
  }),
  fegetexceptflag: library('flagp: address, excepts: int', 'int', (t, flag, excepts) => {
    t.memory.setU32(flag, raised(t) & excepts);
    return 0;
  }),
  fesetexceptflag: library('flagp: address, excepts: int', 'int', (t, flag, excepts) => {
    setRaised(t, excepts & ALL, t.memory.u32(flag));
    return 0;
  }),
  /** FLT_ROUNDS: 0 toward zero, 1 nearest, 2 up, 3 down. */
  __fpe_flt_rounds: library('', 'int', (t) => [1, 3, 2, 0][rounding(t) / MODE]!),
}));

import { R8, R9, RAX, RCX, RDX, STATE } from '../machine/cpu-state.ts';
import { CPU_STATE } from '../machine/layout.ts';
import { QUIET_NAN, type Thread } from '../process/thread.ts';
import type { ApiFunction, Kind, Parameter } from './api.ts';

/**
 * Where arguments and results of API calls are: four registers, then the stack above the shadow space
 * (https://learn.microsoft.com/cpp/build/x64-calling-convention). Registers are read as 32-bit words of the CPU
 * state, because this runs at every call.
 */

const TWO_32 = 0x1_0000_0000;
/** Index of a register's low half among the machine's words. */
const wordOf = (register: number) => (CPU_STATE + STATE.gpr + register * 8) / 4;
const RESULT = wordOf(RAX);
const FIRST_XMM = (CPU_STATE + STATE.xmm) / 4;
const XMM_WORDS = 4;
const ARGUMENTS = [wordOf(RCX), wordOf(RDX), wordOf(R8), wordOf(R9)] as const;

/** What is made of the two halves of a slot. */
const Form = {
  void: 0,
  low: 1,
  wide: 2,
  handle: 3,
  int: 4,
  word: 5,
  byte: 6,
  opaque: 7,
  double: 8,
  float: 9,
} as const;
const FORMS: Record<Kind, number> = {
  void: Form.void,
  address: Form.wide,
  size: Form.wide,
  handle: Form.handle,
  dword: Form.low,
  bool: Form.low,
  status: Form.low,
  int: Form.int,
  word: Form.word,
  byte: Form.byte,
  opaque64: Form.opaque,
  double: Form.double,
  float: Form.float,
};

/** How a function's arguments are fetched, worked out once. */
export interface CallShape {
  /** Number of parameters when all are single numbers in registers, else -1. */
  readonly arity: number;
  readonly forms: readonly number[];
  readonly result: number;
}

export function shapeOf(parameters: readonly Parameter[], result: Kind): CallShape {
  const forms = parameters.map(({ kind }) => FORMS[kind]);
  const simple = forms.length <= ARGUMENTS.length && !forms.includes(Form.opaque);
  return { arity: simple ? forms.length : -1, forms, result: FORMS[result] };
}

type Run = (thread: Thread, ...args: number[]) => unknown;

/** Calls with the arguments of the present guest call; without allocating where they are in registers. */
export function invoke(thread: Thread, api: ApiFunction, run: Run): unknown {
  const { arity, forms } = api.shape;
  const words = thread.words;
  switch (arity) {
    case 0:
      return run(thread);
    case 1:
      return run(thread, register(words, 0, forms[0]!));
    case 2:
      return run(thread, register(words, 0, forms[0]!), register(words, 1, forms[1]!));
    case 3:
      return run(
        thread,
        register(words, 0, forms[0]!),
        register(words, 1, forms[1]!),
        register(words, 2, forms[2]!),
      );
    case 4:
      return run(
        thread,
        register(words, 0, forms[0]!),
        register(words, 1, forms[1]!),
        register(words, 2, forms[2]!),
        register(words, 3, forms[3]!),
      );
    default:
      return run(thread, ...argumentsOf(thread, api));
  }
}

/** All arguments as the numbers that the implementation takes; an opaque64 is two. */
export function argumentsOf(thread: Thread, api: ApiFunction): number[] {
  const args: number[] = [];
  api.shape.forms.forEach((form, index) => {
    if (form >= Form.double && index < ARGUMENTS.length) {
      args.push(floating(thread.words, FIRST_XMM + index * XMM_WORDS, form));
      return;
    }
    const low = thread.argumentLow(index);
    const high = thread.argumentHigh(index);
    if (form === Form.opaque) args.push(low, high);
    else args.push(formed(low, high, form));
  });
  return args;
}

function register(words: Uint32Array, index: number, form: number): number {
  if (form >= Form.double) return floating(words, FIRST_XMM + index * XMM_WORDS, form);
  const at = ARGUMENTS[index]!;
  const low = words[at]!;
  if (form === Form.low) return low;
  const high = words[at + 1]!;
  if (form === Form.wide) return high === 0 ? low : low + high * TWO_32;
  return formed(low, high, form);
}

const bits = new Uint32Array(2);
const asDouble = new Float64Array(bits.buffer);
const asFloat = new Float32Array(bits.buffer);

/** A number in an xmm register, of which `at` is the first word. */
function floating(words: Uint32Array, at: number, form: number): number {
  return floatingOf(words[at]!, words[at + 1]!, form);
}

function floatingOf(low: number, high: number, form: number): number {
  bits[0] = low;
  bits[1] = high;
  return form === Form.double ? asDouble[0]! : asFloat[0]!;
}

function formed(low: number, high: number, form: number): number {
  switch (form) {
    case Form.wide:
      return low + high * TWO_32;
    case Form.handle:
      return low + (high | 0) * TWO_32;
    case Form.int:
      return low | 0;
    case Form.word:
      return low & 0xffff;
    case Form.byte:
      return low & 0xff;
    case Form.double:
    case Form.float:
      return floatingOf(low, high, form);
    default:
      return low;
  }
}

/** Puts a result where the caller finds it. */
export function setResult(thread: Thread, api: ApiFunction, value: number): void {
  const form = api.shape.result;
  if (form === Form.void) return;
  const words = thread.words;
  if (form >= Form.double) {
    setFloating(thread, value, form);
    return;
  }
  words[RESULT] = value;
  if (form === Form.wide || form === Form.handle) words[RESULT + 1] = Math.floor(value / TWO_32);
  else words[RESULT + 1] = form === Form.opaque ? thread.resultHigh : 0;
}

/** A result in xmm0; a float leaves what is above it. Which NaN it is stands on the thread, once. */
function setFloating(thread: Thread, value: number, form: number): void {
  const { words } = thread;
  if (form === Form.double) asDouble[0] = value;
  else asFloat[0] = value;
  const undefinedResult = Number.isNaN(value);
  if (form === Form.double) {
    words[FIRST_XMM] = undefinedResult ? thread.nanLow : bits[0]!;
    words[FIRST_XMM + 1] = undefinedResult ? thread.nanHigh : bits[1]!;
  } else {
    words[FIRST_XMM] = undefinedResult ? floatNaN(thread.nanHigh) : bits[0]!;
  }
  if (!undefinedResult) return;
  thread.nanLow = 0;
  thread.nanHigh = QUIET_NAN;
}

/** The float that a double NaN becomes: sign and the upper bits of the fraction. */
function floatNaN(high: number): number {
  return ((high & 0x8000_0000) | 0x7fc0_0000 | ((high & 0x7ffff) << 3)) >>> 0;
}

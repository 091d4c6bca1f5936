import { STATE } from '../../machine/cpu-state.ts';
import type { Thread } from '../../process/thread.ts';
import { bitsOfDouble, doubleFromBits } from './float-text.ts';

/**
 * Floating-point arguments and results, which travel in xmm registers
 * (https://learn.microsoft.com/cpp/build/x64-calling-convention). Functions that use them are declared without
 * parameters and with a void result.
 */
const REGISTER_SIZE = 16;

/** The i-th argument as a double. */
export function doubleArgument(thread: Thread, index: number): number {
  const at = STATE.xmm + index * REGISTER_SIZE;
  return doubleFromBits(thread.cpu.word(at), thread.cpu.word(at + 4));
}
/** The i-th argument as a float. */
export function floatArgument(thread: Thread, index: number): number {
  single.setUint32(0, thread.cpu.word(STATE.xmm + index * REGISTER_SIZE));
  return single.getFloat32(0);
}

/** The function's result. */
export function setDouble(thread: Thread, value: number): 0 {
  const { low, high } = bitsOfDouble(value);
  thread.cpu.setWord(STATE.xmm, low);
  thread.cpu.setWord(STATE.xmm + 4, high);
  return 0;
}
export function setFloat(thread: Thread, value: number): 0 {
  single.setFloat32(0, value);
  thread.cpu.setWord(STATE.xmm, single.getUint32(0));
  return 0;
}

const single = new DataView(new ArrayBuffer(4));

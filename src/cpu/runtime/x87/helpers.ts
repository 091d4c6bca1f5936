import type { FunctionType } from '../../wasm/module.ts';
import { I32 } from '../../wasm/opcodes.ts';

export const X87_HELPER_TYPE: FunctionType = { params: [I32, I32], results: [I32] };

/**
 * The exported functions of the x87 module in order of their slots. All are (host, imm) → i32; `host` is the checked
 * host address of a memory operand, or what its source says.
 */
export const X87_HELPERS = [
  'load',
  'store',
  'arithmeticReg',
  'arithmeticMem',
  'compareReg',
  'compareToFlags',
  'test',
  'examine',
  'loadReg',
  'storeReg',
  'exchange',
  'move',
  'setSign',
  'loadConstant',
  'squareRootTop',
  'roundToInteger',
  'powerLessOneTop',
  'scaleTop',
  'extract',
  'remainderTop',
  'twoToOne',
  'sineTop',
  'oneToTwo',
  'loadControl',
  'release',
  'turnTop',
  'storeEnvironment',
  'loadEnvironment',
  'save',
  'restore',
  'fxsave',
  'fxrstor',
] as const;
export type X87Helper = (typeof X87_HELPERS)[number];

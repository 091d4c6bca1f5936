import { RAM_BYTES } from '../../../machine/layout.ts';
import { compileModule } from '../../wasm/language/compile.ts';
import { MULTIPLY_SOURCE } from '../multiply-source.ts';
import { ARITHMETIC_SOURCE } from './arithmetic-source.ts';
import { COMPARE_SOURCE } from './compare-source.ts';
import { CONSTANTS_SOURCE } from './constants-source.ts';
import { CONTROL_SOURCE } from './control-source.ts';
import { ENVIRONMENT_SOURCE } from './environment-source.ts';
import { EXPONENTIAL_SOURCE } from './exponential-source.ts';
import { X87_HELPERS } from './helpers.ts';
import { CONSTANTS } from './layout.ts';
import { LOGARITHM_SOURCE } from './logarithm-source.ts';
import { MEMORY_SOURCE } from './memory-source.ts';
import { OPERATION_SOURCE } from './operation-source.ts';
import { REMAINDER_SOURCE } from './remainder-source.ts';
import { ROUND_SOURCE } from './round-source.ts';
import { STACK_SOURCE } from './stack-source.ts';
import { TRIGONOMETRY_SOURCE } from './trigonometry-source.ts';
import { WIDE_SOURCE } from './wide-source.ts';

const SOURCES = [
  MULTIPLY_SOURCE,
  STACK_SOURCE,
  ROUND_SOURCE,
  ARITHMETIC_SOURCE,
  COMPARE_SOURCE,
  MEMORY_SOURCE,
  OPERATION_SOURCE,
  CONSTANTS_SOURCE,
  CONTROL_SOURCE,
  ENVIRONMENT_SOURCE,
  REMAINDER_SOURCE,
  WIDE_SOURCE,
  EXPONENTIAL_SOURCE,
  LOGARITHM_SOURCE,
  TRIGONOMETRY_SOURCE,
];

/**
 * The bytes of the module of all x87 helpers. Compiling them takes some 30 ms, so that scripts/build.mjs puts the bytes
 * in place of this file.
 */
export function x87Code(): Uint8Array {
  return compileModule(SOURCES, CONSTANTS, X87_HELPERS, RAM_BYTES / 0x10000);
}

import { Exit } from '../../process/executor.ts';
import { addProtectionFunction, addTlbFunctions } from '../tlb/tlb-runtime.ts';
import { addAesFunctions } from './aes-runtime.ts';
import { addArithmeticFunctions } from './arithmetic-runtime.ts';
import { RuntimeBuilder } from './builder.ts';
import { addDispatchFunctions } from './dispatch-runtime.ts';
import { exactFloat } from './exact-float-runtime.ts';
import { addFlagFunctions } from './flags-runtime.ts';
import { HELPERS, type HelperName } from './helpers.ts';
import { addStringFunctions } from './string-runtime.ts';
import { addVectorFunctions } from './vector-runtime.ts';

const INNER = [
  'pageRead',
  'pageWrite',
  'lookupCareful',
  'run',
  'runOnce',
  'leave',
  'materialise',
  'adopt',
  'loadSized',
  'storeSized',
  'divide128',
  'substitute',
  'substituteInverse',
];
const STATUS_ACCESS_VIOLATION = 0xc0000005;

/** The bytes of the static module: everything that translated code calls, and the dispatcher. */
export function buildRuntime(memoryPages: number): Uint8Array {
  const helpers = Object.keys(HELPERS) as HelperName[];
  const runtime = new RuntimeBuilder([...INNER, ...helpers]);
  addTlbFunctions(runtime);
  addProtectionFunction(runtime, Exit.fault, STATUS_ACCESS_VIOLATION);
  addFlagFunctions(runtime);
  addArithmeticFunctions(runtime);
  addStringFunctions(runtime);
  addVectorFunctions(runtime);
  runtime.define('exactFloat', exactFloat(runtime));
  addAesFunctions(runtime);
  addDispatchFunctions(runtime);
  return runtime.finish(memoryPages, helpers);
}

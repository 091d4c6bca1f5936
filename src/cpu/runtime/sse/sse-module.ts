import { RAM_BYTES } from '../../../machine/layout.ts';
import type { Ram } from '../../../machine/ram.ts';
import { compileModule } from '../../wasm/language/compile.ts';
import { MULTIPLY_SOURCE } from '../multiply-source.ts';
import { ARITHMETIC_SOURCE } from './arithmetic-source.ts';
import { CONVERT_SOURCE } from './convert-source.ts';
import { SSE_CONSTANTS } from './layout.ts';
import { NUMBER_SOURCE } from './number-source.ts';

const SOURCES = [MULTIPLY_SOURCE, NUMBER_SOURCE, ARITHMETIC_SOURCE, CONVERT_SOURCE];

let compiled: WebAssembly.Module | undefined;

/** The exact floating-point operations over a machine's memory. */
export function instantiateSse(ram: Ram, table: WebAssembly.Table): WebAssembly.ExportValue[] {
  compiled ??= new WebAssembly.Module(
    compileModule(SOURCES, SSE_CONSTANTS, ['exactFloat'], RAM_BYTES / 0x10000) as BufferSource,
  );
  const { exports } = new WebAssembly.Instance(compiled, { m: { memory: ram.memory, table } });
  return [exports.exactFloat!];
}

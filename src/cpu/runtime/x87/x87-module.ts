import type { Ram } from '../../../machine/ram.ts';
import { X87_HELPERS } from './helpers.ts';
import { x87Code } from './x87-code.ts';

let compiled: WebAssembly.Module | undefined;

/** The x87 helpers over a machine's memory, in order of their slots. */
export function instantiateX87(ram: Ram, table: WebAssembly.Table): WebAssembly.ExportValue[] {
  compiled ??= new WebAssembly.Module(x87Code() as BufferSource);
  const { exports } = new WebAssembly.Instance(compiled, { m: { memory: ram.memory, table } });
  return X87_HELPERS.map((name) => exports[name]!);
}

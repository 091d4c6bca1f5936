import { Code } from '../wasm/code.ts';
import type { FunctionType } from '../wasm/module.ts';
import { OP, V128 } from '../wasm/opcodes.ts';
import { HELPERS, type HelperName } from './helpers.ts';

const imported = new Map<HelperName, FunctionType>();

/**
 * The type under which translated code imports a helper: with a vector more, which nobody reads. For every type that can
 * also be JavaScript's, V8 compiles in each module that imports it the way to call a function of JavaScript, though none
 * is ever called; a function with vectors can only be WebAssembly's.
 */
export function importedType(name: HelperName): FunctionType {
  let type = imported.get(name);
  if (type === undefined) {
    type = { params: [...HELPERS[name].params, V128], results: HELPERS[name].results };
    imported.set(name, type);
  }
  return type;
}

/** Puts the vector on the stack that importedType speaks of. */
export function pushImportMark(code: Code): void {
  code.v128(0, 0, 0, 0);
}

/** The body of a function that passes on the parameters it has in common with `target`; with the mark, for an import. */
export function forwarder(parameters: number, target: number, isImport: boolean): Uint8Array {
  const code = new Code(64);
  for (let local = 0; local < parameters; local++) code.get(local);
  if (isImport) pushImportMark(code);
  code.op(OP.return_call);
  code.unsigned(target);
  return code.bytes.slice(0, code.length);
}

import { ModuleBuilder } from '../module.ts';
import { type Constants, functionType, generate } from './generate.ts';
import { parse } from './parse.ts';

/** Compiles source texts that may call each other to one module that exports the functions named. */
export function compileModule(
  sources: readonly string[],
  constants: Constants,
  exported: readonly string[],
  memoryPages: number,
): Uint8Array {
  const functions = sources.flatMap(parse);
  const known = new Map(
    functions.map((syntax, index) => [syntax.name, { index, type: functionType(syntax) }] as const),
  );
  if (known.size !== functions.length) throw new Error('a function is defined twice');
  const surroundings = { constants, find: (name: string) => known.get(name) };
  const builder = new ModuleBuilder();
  for (const syntax of functions) {
    const { locals, code } = generate(syntax, surroundings);
    builder.defineFunction(functionType(syntax), locals, code);
  }
  for (const name of exported) {
    const found = known.get(name);
    if (found === undefined) throw new Error(`no function ${name}`);
    builder.exportFunction(name, found.index);
  }
  return builder.finish(memoryPages);
}

import { Code } from './code.ts';
import type { ValueType } from './opcodes.ts';

/** A function type: what it takes and what it yields. */
export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function import: resolved from the module 'r' by its name. */
export interface FunctionImport {
  readonly name: string;
  readonly type: FunctionType;
}

interface DefinedFunction {
  type: number;
  /** The locals after the parameters, encoded. */
  locals: Uint8Array;
  code: Uint8Array;
  hints: readonly number[];
}

/** By type, text that equal types have in common. */
const signatures = new WeakMap<FunctionType, string>();

function signatureOf(type: FunctionType): string {
  let signature = signatures.get(type);
  if (signature === undefined) {
    signature = `${type.params.join()}>${type.results.join()}`;
    signatures.set(type, signature);
  }
  return signature;
}

const NO_HINTS: readonly number[] = [];

/**
 * Builds one WebAssembly module over the machine's memory and function table. Function imports must all be
 * declared before the first function's index is asked for by call; indices count imports first.
 */
export class ModuleBuilder {
  readonly #types: FunctionType[] = [];
  readonly #typeIndex = new Map<string, number>();
  readonly #imports: { name: string; type: number }[] = [];
  readonly #importIndex = new Map<string, number>();
  readonly #functions: DefinedFunction[] = [];
  readonly #exports: { name: string; index: number }[] = [];

  get importCount(): number {
    return this.#imports.length;
  }
  get functionCount(): number {
    return this.#functions.length;
  }
  typeIndex(type: FunctionType): number {
    const signature = signatureOf(type);
    let index = this.#typeIndex.get(signature);
    if (index === undefined) {
      index = this.#types.push(type) - 1;
      this.#typeIndex.set(signature, index);
    }
    return index;
  }
  /** The index of an imported function, imported at the first use. */
  importFunction(wanted: FunctionImport): number {
    let index = this.#importIndex.get(wanted.name);
    if (index === undefined) {
      index = this.#imports.push({ name: wanted.name, type: this.typeIndex(wanted.type) }) - 1;
      this.#importIndex.set(wanted.name, index);
    }
    return index;
  }
  /** Adds a body (without its final `end`); returns the number among the defined functions. */
  defineFunction(
    type: FunctionType,
    locals: readonly ValueType[],
    code: Uint8Array,
    hints: readonly number[] = NO_HINTS,
  ): number {
    return this.#functions.push({ type: this.typeIndex(type), locals: localGroups(locals), code, hints }) - 1;
  }
  exportFunction(name: string, index: number): void {
    this.#exports.push({ name, index });
  }

  /** The engine copies the table for each module that imports it: not for those that do without. */
  finish(memoryPages: number, importsTable = true): Uint8Array {
    let size = 1024;
    for (const { code } of this.#functions) size += code.length + 64;
    const out = new Code(size);
    out.append(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    this.#typeSection(out);
    this.#importSection(out, memoryPages, importsTable);
    section(out, 3, (body) => {
      body.unsigned(this.#functions.length);
      for (const { type } of this.#functions) body.unsigned(type);
    });
    section(out, 7, (body) => {
      body.unsigned(this.#exports.length);
      for (const { name, index } of this.#exports) {
        text(body, name);
        body.byte(0);
        body.unsigned(index);
      }
    });
    this.#hintSection(out);
    this.#codeSection(out);
    return out.bytes.slice(0, out.length);
  }

  #typeSection(out: Code): void {
    section(out, 1, (body) => {
      body.unsigned(this.#types.length);
      for (const { params, results } of this.#types) {
        body.byte(0x60);
        body.unsigned(params.length);
        for (const type of params) body.byte(type);
        body.unsigned(results.length);
        for (const type of results) body.byte(type);
      }
    });
  }
  #importSection(out: Code, memoryPages: number, importsTable: boolean): void {
    section(out, 2, (body) => {
      body.unsigned(this.#imports.length + (importsTable ? 2 : 1));
      for (const { name, type } of this.#imports) {
        text(body, 'r');
        text(body, name);
        body.byte(0);
        body.unsigned(type);
      }
      text(body, 'm');
      text(body, 'memory');
      body.byte(2);
      body.byte(0);
      body.unsigned(memoryPages);
      if (!importsTable) return;
      text(body, 'm');
      text(body, 'table');
      body.byte(1);
      body.byte(0x70);
      body.byte(0);
      body.unsigned(0);
    });
  }
  /** The branch hints proposal's custom section; engines that do not know it ignore it. */
  #hintSection(out: Code): void {
    section(out, 0, (body) => {
      text(body, 'metadata.code.branch_hint');
      const hinted = this.#functions.filter(({ hints }) => hints.length > 0);
      body.unsigned(hinted.length);
      this.#functions.forEach(({ locals, hints }, number) => {
        if (hints.length === 0) return;
        body.unsigned(this.#imports.length + number);
        body.unsigned(hints.length / 2);
        for (let index = 0; index < hints.length; index += 2) {
          body.unsigned(locals.length + hints[index]!);
          body.byte(1);
          body.byte(hints[index + 1]!);
        }
      });
    });
  }
  #codeSection(out: Code): void {
    section(out, 10, (body) => {
      body.unsigned(this.#functions.length);
      for (const { locals, code } of this.#functions) {
        body.unsigned(locals.length + code.length + 1);
        body.append(locals);
        body.append(code);
        body.byte(0x0b);
      }
    });
  }
}

/** The types of a function's locals, as its body begins with them: how many groups, and of each its count and type. */
function localGroups(locals: readonly ValueType[]): Uint8Array {
  const runs: [number, ValueType][] = [];
  for (const type of locals) {
    const last = runs[runs.length - 1];
    if (last?.[1] === type) last[0]++;
    else runs.push([1, type]);
  }
  const out = new Code(32);
  out.unsigned(runs.length);
  for (const [count, type] of runs) {
    out.unsigned(count);
    out.byte(type);
  }
  return out.bytes.subarray(0, out.length);
}

/** Writes a section with its length, which is known last, in five bytes. */
function section(out: Code, id: number, write: (body: Code) => void): void {
  out.byte(id);
  const at = out.paddedUnsigned(0);
  write(out);
  out.patchUnsigned(at, out.length - at - 5);
}

function text(out: Code, value: string): void {
  out.unsigned(value.length);
  for (let index = 0; index < value.length; index++) out.byte(value.charCodeAt(index));
}

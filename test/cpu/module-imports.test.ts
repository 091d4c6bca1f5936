import { afterEach, expect, test } from 'vitest';
import { V128 } from '../../src/cpu/wasm/opcodes.ts';
import { CODE, DATA, TestCpu } from './support.ts';

const { Module } = WebAssembly;
afterEach(() => {
  WebAssembly.Module = Module;
});

/** Reads a module's sections of types and imports. */
class ModuleReader {
  readonly #bytes: Uint8Array;
  #at = 8;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  #number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  #list<T>(read: () => T): T[] {
    return Array.from({ length: this.#number() }, read);
  }
  #skip(): void {
    const length = this.#number();
    this.#at += length;
  }

  /** Parameters and results of each function that the module imports. */
  importedTypes(): number[][] {
    let types: number[][] = [];
    while (this.#at < this.#bytes.length) {
      const section = this.#number();
      const size = this.#number();
      const end = this.#at + size;
      if (section === 1) types = this.#list(() => this.#type());
      if (section === 2) return this.#list(() => this.#import(types)).flat();
      this.#at = end;
    }
    return [];
  }
  #type(): number[] {
    this.#at++;
    return [...this.#list(() => this.#number()), ...this.#list(() => this.#number())];
  }
  #import(types: readonly number[][]): number[][] {
    this.#skip();
    this.#skip();
    if (this.#number() === 0) return [types[this.#number()]!];
    // A memory, or a table with its element type before: flags, then one number or two.
    if (this.#bytes[this.#at]! >= 0x60) this.#at++;
    if ((this.#number() & 1) === 1) this.#number();
    this.#number();
    return [];
  }
}

test('translated code imports no function that could be one of JavaScript, for which engines compile a way in each module', () => {
  // Before: what serves translated code imports functions of JavaScript.
  const cpu = new TestCpu();
  const modules: Uint8Array[] = [];
  WebAssembly.Module = class extends Module {
    constructor(bytes: BufferSource) {
      super(bytes);
      modules.push(bytes as Uint8Array);
    }
  };
  // push rax; mul rcx; div rcx; rep stosb; mov rax, [rdi+0xffe]; fld1; fstp st0; call rsi; pop rax; ret
  cpu.code('50 48 f7 e1 48 f7 f1 f3 aa 48 8b 87 fe 0f 00 00 d9 e8 dd d8 ff d6 58 c3');
  cpu.code('c3', CODE + 0x1000);
  cpu.call({ rax: 5, rcx: 3, rdi: DATA, rsi: CODE + 0x1000 });
  const types = modules.flatMap((bytes) => new ModuleReader(bytes).importedTypes());
  expect(types.length).toBeGreaterThan(5);
  expect(types.filter((type) => !type.includes(V128))).toEqual([]);
});

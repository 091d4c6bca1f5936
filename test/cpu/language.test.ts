import { describe, expect, test } from 'vitest';
import { compileModule } from '../../src/cpu/wasm/language/compile.ts';

type Compiled = Record<string, (...values: (number | bigint)[]) => number | bigint | (number | bigint)[]>;

/** The functions of a source, over a memory of one page. */
function compiled(source: string, ...names: string[]): Compiled {
  const bytes = compileModule([source], { NINE: 9, BIG: 1n << 63n }, names, 1);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
  const module = new WebAssembly.Module(bytes as BufferSource);
  return new WebAssembly.Instance(module, { m: { memory, table } }).exports as Compiled;
}

describe('the language of helpers', () => {
  test('binds & ^ | tighter than comparisons and shifts tighter than these', () => {
    const { f } = compiled('fn f(a: i32, b: i32): i32 { return a & 1 == b << 1 & 3; }', 'f');
    expect(f!(3, 0)).toBe(0);
    expect(f!(2, 2)).toBe(1);
  });
  test('gives literals, constants and shift counts the type of the other operand', () => {
    const { f } = compiled('fn f(a: i64, n: i32): i64 { return (a + 1 << n) + NINE + (BIG & BIG); }', 'f');
    expect(f!(2n, 2)).toBe(BigInt.asIntN(64, 21n + (1n << 63n)));
  });
  test('tells signed from unsigned', () => {
    const source = `
      fn f(a: i32): i32 { return (a < 1) + (a <u 1) * 2 + (a >> 31 == -1) * 4 + (a >>> 31 == 1) * 8; }
      fn g(a: i32): i64 { return i64(a) + signed(a); }`;
    const { f, g } = compiled(source, 'f', 'g');
    expect(f!(-5)).toBe(1 + 4 + 8);
    expect(g!(-1)).toBe(0xffff_fffen);
  });
  test('loops, breaks and goes on', () => {
    const source = `
      fn f(n: i32): i32 {
        let sum = 0;
        let i = 0;
        while (1) {
          i = i + 1;
          if (i > n) break;
          if (i % 3 == 0) continue;
          let j = 0;
          while (j != i) {
            j = j + 1;
            if (j == 5) break;
            sum = sum + 1;
          }
        }
        return sum;
      }`;
    // 1 + 2 + 4, and 4 each for 5, 7 and 8
    expect(compiled(source, 'f').f!(8)).toBe(19);
  });
  test('evaluates only what && || and ?: need', () => {
    const source = `
      fn no(): i32 { trap(); return 0; }
      fn f(a: i32): i32 { return a && 1 || no() ? a : no(); }`;
    const { f } = compiled(source, 'f');
    expect(f!(4)).toBe(4);
    expect(() => f!(0)).toThrow(WebAssembly.RuntimeError);
  });
  test('returns several values and reads memory', () => {
    const source = `
      fn pair(a: i64): i64, i32 { store16(8, i32(a)); return a + 1, load8(8); }
      fn again(a: i64): i64, i32 { return pair(a); }
      fn f(a: i64): i64 { let (x, y) = again(a); return x * i64(y); }`;
    expect(compiled(source, 'f').f!(0x102n)).toBe(0x103n * 2n);
  });
  test.each([
    ['fn f(a: i64): i32 { return a; }', /i64 where i32 is wanted/],
    ['fn f(): i32 { return b; }', /no local b/],
    ['fn f(): i32 { return g(); }', /no function g/],
    ['fn f() { let a = 1; let a = 1n; }', /a is i32 elsewhere/],
    ['fn f() { let (a, b) = 1; }', /want a call/],
    ['fn f(): i32, i32 { return 1; }', /one value returned/],
    ['fn f() { return 1 $ 2; }', /no token at/],
    ['fn f() { if 1 { } }', /\( expected, not 1/],
    ['fn f() { } fn f() { }', /defined twice/],
  ])('refuses %s', (source, message) => {
    expect(() => compiled(source, 'f')).toThrow(message);
  });
});

import type { CpuidFeature } from 'iced-x86';
import { expect, test } from 'vitest';
import { OFFERED } from '../../scripts/instruction-codes.mjs';
import { Exit } from '../../src/process/executor.ts';
import { TestCpu } from './support.ts';

/** What cpuid answers to a leaf in translated code, as [eax, ebx, ecx, edx]. */
function cpuid(cpu: TestCpu, leaf: number): [number, number, number, number] {
  cpu.code('0f a2 c3');
  const reason = cpu.call({ rax: leaf, rcx: 0, rbx: -1, rdx: -1 });
  expect(reason).toBe(Exit.breakpoint);
  return [cpu.register('rax'), cpu.register('rbx'), cpu.register('rcx'), cpu.register('rdx')];
}

const [EBX, ECX, EDX] = [1, 2, 3];
/** Where cpuid offers a set of instructions: leaf, register, bit. */
const BITS: readonly (readonly [
  feature: keyof typeof CpuidFeature,
  leaf: number,
  register: number,
  bit: number,
])[] = [
  ['FPU', 1, EDX, 0],
  ['CX8', 1, EDX, 8],
  ['SEP', 1, EDX, 11],
  ['CMOV', 1, EDX, 15],
  ['MMX', 1, EDX, 23],
  ['FXSR', 1, EDX, 24],
  ['SSE', 1, EDX, 25],
  ['SSE2', 1, EDX, 26],
  ['SSE3', 1, ECX, 0],
  ['PCLMULQDQ', 1, ECX, 1],
  ['MONITOR', 1, ECX, 3],
  ['SSSE3', 1, ECX, 9],
  ['FMA', 1, ECX, 12],
  ['CMPXCHG16B', 1, ECX, 13],
  ['SSE4_1', 1, ECX, 19],
  ['SSE4_2', 1, ECX, 20],
  ['MOVBE', 1, ECX, 22],
  ['POPCNT', 1, ECX, 23],
  ['AES', 1, ECX, 25],
  ['AVX', 1, ECX, 28],
  ['F16C', 1, ECX, 29],
  ['RDRAND', 1, ECX, 30],
  ['FSGSBASE', 7, EBX, 0],
  ['BMI1', 7, EBX, 3],
  ['AVX2', 7, EBX, 5],
  ['BMI2', 7, EBX, 8],
  ['RTM', 7, EBX, 11],
  ['AVX512F', 7, EBX, 16],
  ['RDSEED', 7, EBX, 18],
  ['ADX', 7, EBX, 19],
  ['SHA', 7, EBX, 29],
  ['GFNI', 7, ECX, 8],
  ['LZCNT', 0x8000_0001, ECX, 5],
  ['SSE4A', 0x8000_0001, ECX, 6],
  ['D3NOW', 0x8000_0001, EDX, 31],
];

test('cpuid offers only sets of instructions that are tried against the processor', () => {
  const cpu = new TestCpu();
  const last = { 0: cpuid(cpu, 0)[0], 2147483648: cpuid(cpu, 0x8000_0000)[0] };
  const offered = BITS.filter(([, leaf, register, bit]) => {
    if (leaf > (leaf < 0x8000_0000 ? last[0] : last[0x8000_0000])) return false;
    return (cpuid(cpu, leaf)[register]! >>> bit) & 1;
  }).map(([feature]) => feature);
  expect(offered.length).toBeGreaterThan(10);
  expect(offered.filter((feature) => !OFFERED.has(feature))).toEqual([]);
});

test('cpuid clears the upper halves and answers the same again', () => {
  const cpu = new TestCpu();
  for (const leaf of [0, 1, 7, 0x8000_0001, 0x8000_0002, 0x1234_5678]) {
    const answer = cpuid(cpu, leaf);
    for (const value of answer) expect(value).toBeLessThan(2 ** 32);
    expect(cpuid(cpu, leaf)).toEqual(answer);
  }
});

test.each([
  ['rdtsc', '0f 31'],
  ['rdtscp', '0f 01 f9'],
])('%s never goes back, and goes on', (_, code) => {
  const cpu = new TestCpu();
  // CODE; shl rdx,32; or rax,rdx; mov r8,rax; CODE; shl rdx,32; or rax,rdx; mov r9,rax; ret
  const read = `${code} 48 c1 e2 20 48 09 d0`;
  cpu.code(`${read} 49 89 c0 ${read} 49 89 c1 c3`);
  let before = 0;
  for (let round = 0; round < 200; round++) {
    expect(cpu.call({ rax: -1, rdx: -1 })).toBe(Exit.breakpoint);
    const [first, second] = [cpu.register('r8'), cpu.register('r9')];
    expect(first).toBeGreaterThanOrEqual(before);
    expect(second).toBeGreaterThanOrEqual(first);
    before = second;
  }
  const start = performance.now();
  while (performance.now() < start + 5);
  cpu.call();
  expect(cpu.register('r8')).toBeGreaterThan(before);
});

test('xgetbv is there if cpuid says so, and then has x87 and SSE state and nothing more', () => {
  const cpu = new TestCpu();
  const hasXsave = (cpuid(cpu, 1)[ECX] >>> 27) & 1;
  cpu.code('0f 01 d0 c3');
  const reason = cpu.call({ rax: -1, rcx: 0, rdx: -1 });
  if (!hasXsave) expect(reason).toBe(Exit.illegal);
  else expect([reason, cpu.register('rax'), cpu.register('rdx')]).toEqual([Exit.breakpoint, 3, 0]);
});

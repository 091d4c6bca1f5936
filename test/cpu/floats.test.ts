import { beforeEach, expect, test } from 'vitest';
import { STATE } from '../../src/machine/cpu-state.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, TestCpu } from './support.ts';

const DIVIDE = CODE;
const OBSERVE = CODE + 0x100;
const UNUSED = CODE + 0x200;
const USUAL = 0x1f80;
const ROUND_UP = 0x5f80;
const IE = 1;
const ZE = 4;
const PE = 0x20;

let cpu: TestCpu;
beforeEach(() => {
  cpu = new TestCpu();
  cpu.code('f2 0f 5e c1 c3', DIVIDE); // divsd xmm0, xmm1; ret
  cpu.code('0f ae 5c 24 f8 c3', OBSERVE); // stmxcsr [rsp-8]; ret
});

function setDoubles(...values: number[]): void {
  const bytes = new Uint8Array(new Float64Array(values.flatMap((value) => [value, 0])).buffer);
  cpu.state.slice(STATE.xmm, bytes.length).set(bytes);
}
function lowDouble(): number {
  return new Float64Array(cpu.state.slice(STATE.xmm, 8).slice().buffer)[0]!;
}
function divide(a: number, b: number): number {
  setDoubles(a, b);
  expect(cpu.call({}, DIVIDE)).toBe(Exit.breakpoint);
  return lowDouble();
}
const flags = () => cpu.state.word(STATE.mxcsr) & 0x3f;

test('what makes an infinity or a NaN is noted from the start', () => {
  expect(divide(1, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(flags()).toBe(ZE);
  expect(divide(0, 0)).toBeNaN();
  expect(flags()).toBe(ZE | IE);
  // The default NaN of the processor is negative, whatever the host's is.
  expect(cpu.state.slice(STATE.xmm + 7, 1)[0]).toBe(0xff);
});

test('inexact results are noted once code looks at MXCSR, also by code translated before', () => {
  divide(1, 3);
  expect(cpu.call({}, OBSERVE)).toBe(Exit.breakpoint);
  cpu.state.setWord(STATE.mxcsr, USUAL);
  expect(divide(1, 2)).toBe(0.5);
  expect(flags()).toBe(0);
  divide(1, 3);
  expect(flags()).toBe(PE);
});

test('single steps look at MXCSR as well', () => {
  divide(1, 3);
  cpu.state.setWord(STATE.rflags, 0x302);
  cpu.prepareCall(OBSERVE);
  expect(cpu.cpu.run(100_000)).toBe(Exit.singleStep);
  cpu.state.setWord(STATE.rflags, 0x202);
  cpu.state.setWord(STATE.mxcsr, USUAL);
  divide(1, 3);
  expect(flags()).toBe(PE);
});

test('a rounding control set from outside counts for code translated before', () => {
  expect(divide(1, 3)).toBe(1 / 3);
  cpu.state.setWord(STATE.mxcsr, ROUND_UP);
  expect(divide(1, 3)).toBe(1 / 3 + 2 ** -54);
});

test('a host function that sets the rounding control or looks at the flags counts at once', () => {
  cpu.code('0f 05 f2 0f 5e c1 c3', UNUSED); // syscall; divsd xmm0, xmm1; ret
  setDoubles(1, 3);
  cpu.hook = () => {
    cpu.state.setWord(STATE.mxcsr, ROUND_UP);
    return false;
  };
  expect(cpu.call({}, UNUSED)).toBe(Exit.breakpoint);
  expect(lowDouble()).toBe(1 / 3 + 2 ** -54);

  const other = new TestCpu();
  cpu = other;
  cpu.code('0f 05 f2 0f 5e c1 c3', UNUSED);
  setDoubles(1, 3);
  cpu.hook = () => {
    cpu.state.setWord(STATE.observesMxcsr, 1);
    return false;
  };
  expect(cpu.call({}, UNUSED)).toBe(Exit.breakpoint);
  expect(flags()).toBe(PE);
});

test('an exception that is not masked leaves before its instruction', () => {
  cpu.code('48 ff c0 f2 0f 5e c1 48 ff c0 c3', UNUSED); // inc rax; divsd xmm0, xmm1; inc rax; ret
  setDoubles(1, 0);
  cpu.state.setWord(STATE.mxcsr, USUAL & ~(ZE << 7));
  expect(cpu.call({ rax: 5 }, UNUSED)).toBe(Exit.sse);
  expect(cpu.state.rip).toBe(UNUSED + 3);
  expect(cpu.register('rax')).toBe(6);
  expect(lowDouble()).toBe(1);
  expect(flags()).toBe(ZE);
});

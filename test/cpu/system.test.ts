import { beforeEach, expect, test } from 'vitest';
import { STATE } from '../../src/machine/cpu-state.ts';
import {
  STATUS_ACCESS_VIOLATION,
  STATUS_ASSERTION_FAILURE,
  STATUS_INTEGER_OVERFLOW,
} from '../../src/memory/status.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, TestCpu } from './support.ts';

let cpu: TestCpu;
beforeEach(() => {
  cpu = new TestCpu();
});

test('segment registers hold the selectors of 64-bit Windows', () => {
  const moves = [
    ['8c c0', 0x2b], // mov eax, es
    ['8c c8', 0x33], // mov eax, cs
    ['8c d0', 0x2b], // mov eax, ss
    ['8c d8', 0x2b], // mov eax, ds
    ['8c e0', 0x53], // mov eax, fs
    ['48 8c e8', 0x2b], // mov rax, gs
  ] as const;
  moves.forEach(([code, selector], index) => {
    cpu.code(`${code} c3`, CODE + index * 16);
    expect(cpu.call({ rax: -1 }, CODE + index * 16)).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(selector);
  });
  cpu.code('66 8c e0 0f a0 59 c3', CODE + 0x100); // mov ax, fs; push fs; pop rcx; ret
  expect(cpu.call({ rax: 0x123456 }, CODE + 0x100)).toBe(Exit.breakpoint);
  expect(cpu.register('rax')).toBe(0x120053);
  expect(cpu.register('rcx')).toBe(0x53);
});

test('loading ds with the selector it has does nothing, with another one stops', () => {
  cpu.code('8e d8 c3'); // mov ds, eax; ret
  expect(cpu.call({ rax: 0x2b })).toBe(Exit.breakpoint);
  expect(cpu.call({ rax: 0x23 })).toBe(Exit.unsupported);
  expect(cpu.state.rip).toBe(CODE);
});

test('interrupts end as the exceptions that Windows makes of them', () => {
  const interrupts = [
    ['cd 03', Exit.breakpoint, 1, undefined],
    ['cd 04', Exit.interrupt, 2, STATUS_INTEGER_OVERFLOW],
    ['cd 29', Exit.failFast, 0, undefined],
    ['cd 2c', Exit.interrupt, 0, STATUS_ASSERTION_FAILURE],
    ['cd 2e', Exit.fault, 0, STATUS_ACCESS_VIOLATION],
    ['0f 33', Exit.fault, 0, STATUS_ACCESS_VIOLATION], // rdpmc
    ['0f 20 c0', Exit.privileged, 0, undefined], // mov rax, cr0
    ['0f 23 f8', Exit.privileged, 0, undefined], // mov dr7, rax
  ] as const;
  interrupts.forEach(([code, reason, distance, status], index) => {
    const at = CODE + index * 16;
    cpu.code(code, at);
    expect(cpu.call({}, at)).toBe(reason);
    expect(cpu.state.rip - at).toBe(distance);
    if (status !== undefined) expect(cpu.state.word(STATE.exitCode)).toBe(status);
  });
});

import { describe, expect, test } from 'vitest';
import { RSP, STATE } from '../../src/machine/cpu-state.ts';
import {
  MEM_DECOMMIT,
  MEM_RELEASE,
  PAGE_GUARD,
  PAGE_READONLY,
  PAGE_READWRITE,
} from '../../src/memory/constants.ts';
import { STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION } from '../../src/memory/status.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, DATA, END, STACK_TOP, TestCpu, word } from './support.ts';

const CALLED = CODE + 0x8000;
const STACK = 0x500_0000;
const PAGE = 0x1000;

/** A machine whose stack pointer is at an address of a stack of four pages at STACK. */
function machine(rsp: number): TestCpu {
  const cpu = new TestCpu();
  cpu.map(STACK, 4 * PAGE, PAGE_READWRITE);
  enter(cpu, rsp);
  return cpu;
}
function enter(cpu: TestCpu, rsp: number): void {
  cpu.prepareCall(CODE);
  cpu.state.setGpr(RSP, rsp);
}
function returnTo(cpu: TestCpu, at: number, address = END): void {
  cpu.memory.setU64(at, address);
}

/** sub rsp, 0x28; mov [rsp+0x10], rcx; call CALLED; mov rax, [rsp+0x10]; add rsp, 0x28; ret */
const FRAME = `48 83 ec 28 48 89 4c 24 10 e8 ${word(CALLED - (CODE + 14))} 48 8b 44 24 10 48 83 c4 28 c3`;
/** Where the frame of FRAME keeps its value, from the stack pointer at its entry. */
const KEPT = -0x18;
/** mov eax, 7; syscall; ret */
const SERVICE = 'b8 07 00 00 00 0f 05 c3';

describe('what a function keeps on its stack', () => {
  test('is there whether or not its frame crosses pages, and without new translations once the pages are there', () => {
    const cpu = machine(0);
    cpu.code(FRAME);
    cpu.code('c3', CALLED);
    const keepAll = () => {
      for (let at = STACK + PAGE + 8; at < STACK + 3 * PAGE; at += 8) {
        enter(cpu, at);
        returnTo(cpu, at);
        cpu.state.setGpr(1, at + 1);
        expect(cpu.finish()).toBe(Exit.breakpoint);
        expect(cpu.register('rax')).toBe(at + 1);
        expect(cpu.memory.u64(at + KEPT)).toBe(at + 1);
      }
    };
    keepAll();
    const { functions } = cpu.cpu.statistics;
    keepAll();
    expect(cpu.cpu.statistics.functions).toBe(functions);
  });

  test('faults after the function it calls has freed it', () => {
    for (const free of [
      (cpu: TestCpu) => cpu.space.free(STACK, 4 * PAGE, MEM_DECOMMIT),
      (cpu: TestCpu) => cpu.space.free(STACK, 0, MEM_RELEASE),
    ]) {
      const cpu = machine(STACK + 0x1800);
      returnTo(cpu, STACK + 0x1800);
      cpu.code(SERVICE, CALLED);
      cpu.hook = () => {
        // The return address goes to another stack, so that it can be read.
        const returning = cpu.memory.u64(cpu.state.gpr(RSP));
        free(cpu);
        cpu.state.setGpr(RSP, STACK_TOP - 0x2000);
        cpu.memory.setU64(STACK_TOP - 0x2000, returning);
        return false;
      };
      // sub rsp, 0x28; mov rbx, rsp; call CALLED; mov rsp, rbx; mov rax, [rsp+0x10]; ret
      cpu.code(`48 83 ec 28 48 89 e3 e8 ${word(CALLED - (CODE + 12))} 48 89 dc 48 8b 44 24 10 c3`);
      expect(cpu.finish()).toBe(Exit.fault);
      expect(cpu.state.rip).toBe(CODE + 15);
      expect(cpu.space.faultAddress).toBe(STACK + 0x1800 - 0x28 + 0x10);
      expect(cpu.space.faultStatus).toBe(STATUS_ACCESS_VIOLATION);
    }
  });

  test('cannot be written after the function it calls has protected it', () => {
    const cpu = machine(STACK + 0x1800);
    returnTo(cpu, STACK + 0x1800);
    // sub rsp, 0x28; call CALLED; mov [rsp+0x10], rcx; add rsp, 0x28; ret
    cpu.code(`48 83 ec 28 e8 ${word(CALLED - (CODE + 9))} 48 89 4c 24 10 48 83 c4 28 c3`);
    cpu.code(SERVICE, CALLED);
    cpu.hook = () => {
      expect(cpu.space.protect(STACK, 4 * PAGE, PAGE_READONLY)).toBe(0);
      return false;
    };
    expect(cpu.finish()).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(CODE + 9);
    expect(cpu.space.faultAddress).toBe(STACK + 0x1800 - 0x18);
  });

  test('is not relied on after another page, as it came in, took it away', () => {
    for (const [hex, at] of [
      ['48 89 0e 51 58 c3', CODE + 3], // mov [rsi], rcx; push rcx; pop rax; ret
      ['48 8b 0e 51 58 c3', CODE + 3], // mov rcx, [rsi]; push rcx; pop rax; ret
      ['f3 a4 51 58 c3', CODE + 2], // rep movsb; push rcx; pop rax; ret
    ] as const) {
      const cpu = machine(STACK + 0x1800);
      returnTo(cpu, STACK + 0x1800);
      cpu.memory.setU64(STACK + 0x17f8, 0);
      cpu.code(hex);
      cpu.state.setGpr(1, 16);
      cpu.state.setGpr(6, DATA + PAGE);
      cpu.state.setGpr(7, DATA + 2 * PAGE);
      const { probe } = cpu.space;
      cpu.space.probe = (address, access) => {
        if (address >= DATA && address < DATA + 3 * PAGE)
          cpu.space.protect(STACK + PAGE, PAGE, PAGE_READONLY);
        return probe.call(cpu.space, address, access);
      };
      expect(cpu.finish()).toBe(Exit.fault);
      expect(cpu.state.rip).toBe(at);
      expect(cpu.space.faultAddress).toBe(STACK + 0x17f8);
    }
  });

  test('is not relied on after it was taken away when the fuel ran out', () => {
    const cpu = machine(STACK + 0x1800);
    cpu.memory.setU64(STACK + 0x17f8, 0);
    cpu.code('51 5a eb fc'); // push rcx; pop rdx; jmp to the push
    let times = 10;
    const refuel = () => {
      cpu.space.protect(STACK + PAGE, PAGE, PAGE_READONLY);
      return times-- > 0 ? 100_000 : 0;
    };
    expect(cpu.cpu.run(100_000, refuel)).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(CODE);
  });

  test('is left at the exact instruction that meets a guard page, with all before it done', () => {
    const cpu = machine(STACK + 2 * PAGE + 0x10);
    cpu.memory.setU8(STACK + PAGE, 1);
    expect(cpu.space.protect(STACK + PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD)).toBe(0);
    returnTo(cpu, STACK + 2 * PAGE + 0x10);
    // push rcx; push rcx; push rdx; pop rax; pop rcx; pop rcx; ret: the third push meets it
    cpu.code('51 51 52 58 59 59 c3');
    cpu.state.setGpr(1, 11);
    cpu.state.setGpr(2, 12);
    expect(cpu.finish()).toBe(Exit.fault);
    expect(cpu.space.faultStatus).toBe(STATUS_GUARD_PAGE_VIOLATION);
    expect([cpu.state.rip, cpu.register('rsp')]).toEqual([CODE + 2, STACK + 2 * PAGE]);
    expect(cpu.memory.u64(STACK + 2 * PAGE)).toBe(11);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(12);
  });

  test('does not bring a page in that it does not touch', () => {
    const cpu = machine(STACK + 2 * PAGE + 8);
    returnTo(cpu, STACK + 2 * PAGE + 8);
    // test ecx, ecx; jz 1f; mov [rsp-0x100], rcx; 1: ret
    cpu.code('85 c9 74 08 48 89 8c 24 00 ff ff ff c3');
    const { resident } = cpu.space.statistics;
    cpu.state.setGpr(1, 0);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.space.statistics.resident).toBe(resident);
  });
});

describe('a wild stack pointer', () => {
  const cases: Record<string, number[]> = {
    'at nothing': [0, 0x10],
    'at the end of user space': [0xffff_ffff, 0x7fff],
    'above it': [0, 0x8000],
    'of all ones': [0xffff_ffff, 0xffff_ffff],
    'that wraps around': [4, 0],
  };
  for (const [name, [low, high]] of Object.entries(cases)) {
    test(`${name} faults at the first access, and touches nothing else`, () => {
      const cpu = machine(STACK + 0x1800);
      cpu.code(FRAME);
      cpu.code('c3', CALLED);
      returnTo(cpu, STACK + 0x1800);
      expect(cpu.finish()).toBe(Exit.breakpoint);
      enter(cpu, 0);
      cpu.state.setGprHalves(RSP, low!, high!);
      const before = cpu.memory.bytes(STACK, 4 * PAGE);
      expect(cpu.finish()).toBe(Exit.fault);
      expect(cpu.state.rip).toBe(CODE + 4);
      expect(cpu.memory.bytes(STACK, 4 * PAGE)).toEqual(before);
    });
  }

  test('that a loop moves ever farther ends in a fault', () => {
    const cpu = machine(STACK + 3 * PAGE);
    cpu.code('51 eb fd'); // push rcx; jmp to it
    expect(cpu.finish()).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(CODE);
    expect(cpu.space.faultAddress).toBe(STACK - 8);
  });

  test('is followed when it is given another value in the midst of a block', () => {
    const cpu = machine(STACK + 2 * PAGE + 0x40);
    // mov rbx, rsp; mov rsp, rdx; push rcx; pop rax; mov rsp, rbx; ret
    cpu.code('48 89 e3 48 89 d4 51 58 48 89 dc c3');
    returnTo(cpu, STACK + 2 * PAGE + 0x40);
    cpu.state.setGpr(1, 5);
    cpu.state.setGpr(2, DATA + 0x100);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(5);
    expect(cpu.memory.u64(DATA + 0xf8)).toBe(5);
    enter(cpu, STACK + 2 * PAGE + 0x40);
    cpu.state.setGpr(2, 0x900_0000);
    expect(cpu.finish()).toBe(Exit.fault);
    expect([cpu.state.rip, cpu.register('rsp')]).toEqual([CODE + 6, 0x900_0000]);
  });
});

describe('code on the stack', () => {
  test('is translated again after the function that wrote it through its stack pointer', () => {
    const cpu = new TestCpu();
    cpu.map(STACK, 4 * PAGE, 0x40);
    // mov [rsp-0x100], rcx; lea rdx, [rsp-0x100]; call rdx; mov [rsp-0x100], rbx; call rdx again; ret
    cpu.code('48 89 8c 24 00 ff ff ff 48 8d 94 24 00 ff ff ff ff d2 48 89 9c 24 00 ff ff ff ff d2 c3');
    for (let round = 0; round < 3; round++) {
      enter(cpu, STACK + 0x1800);
      returnTo(cpu, STACK + 0x1800);
      cpu.state.setGprHalves(1, 0x0000_01b8, 0xc300); // mov eax, 1; ret
      cpu.state.setGprHalves(3, 0x0000_02b8, 0xc300); // mov eax, 2; ret
      cpu.state.setGpr(0, 0);
      expect(cpu.finish()).toBe(Exit.breakpoint);
      expect(cpu.register('rax')).toBe(2);
    }
  });
});

test('an address with the mark of careful translations is none that a jump can reach', () => {
  const cpu = machine(STACK + 2 * PAGE + 8);
  expect(cpu.space.free(STACK + PAGE, PAGE, MEM_DECOMMIT)).toBe(0);
  cpu.code('51 51 58 58 c3'); // push rcx, twice; pop rax, twice; ret
  expect(cpu.finish()).toBe(Exit.fault); // leaves a careful translation behind
  cpu.code('ff e2', CALLED); // jmp rdx
  for (let round = 0; round < 2; round++) {
    enter(cpu, STACK_TOP - 0x1008);
    cpu.state.rip = CALLED;
    cpu.state.setGprHalves(2, CODE, 0x1_0000);
    expect(cpu.finish()).toBe(Exit.fault);
    expect(cpu.state.word(STATE.exitCode)).toBe(STATUS_ACCESS_VIOLATION);
    expect(cpu.register('rsp')).toBe(STACK_TOP - 0x1008);
  }
});

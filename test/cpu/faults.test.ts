import { beforeEach, describe, expect, test } from 'vitest';
import { STATE } from '../../src/machine/cpu-state.ts';
import {
  MEM_COMMIT,
  MEM_RESERVE,
  PAGE_EXECUTE_READWRITE,
  PAGE_GUARD,
  PAGE_READWRITE,
} from '../../src/memory/constants.ts';
import { STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION } from '../../src/memory/status.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, END, STACK_TOP, TestCpu } from './support.ts';

/** One committed page between two reserved ones. */
const PAGE = 0x200_0000;
const PAGE_END = PAGE + 0x1000;
const HOLE = PAGE_END;

let cpu: TestCpu;
beforeEach(() => {
  cpu = new TestCpu();
  cpu.space.allocate(PAGE - 0x10000, 0x30000, MEM_RESERVE, PAGE_READWRITE);
  cpu.space.allocate(PAGE, 0x1000, MEM_COMMIT, PAGE_READWRITE);
});

function expectFault(reason: number, rip: number, address: number, access: number): void {
  expect(reason).toBe(Exit.fault);
  expect(cpu.state.word(STATE.exitCode)).toBe(STATUS_ACCESS_VIOLATION);
  expect(cpu.state.rip.toString(16)).toBe(rip.toString(16));
  expect(cpu.state.number64(STATE.faultAddress).toString(16)).toBe(address.toString(16));
  expect(cpu.state.word(STATE.faultAccess)).toBe(access);
}
function commitHole(): void {
  expect(cpu.space.allocate(HOLE, 0x1000, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
}

describe('an access that faults', () => {
  test('reports the first byte that is not there when it crosses into a page that is not there', () => {
    cpu.code('48 8b 07 c3'); // mov rax, [rdi]; ret
    expectFault(cpu.call({ rdi: PAGE_END - 4, rax: 5 }), CODE, HOLE, 0);
    expect(cpu.register('rax')).toBe(5);
    commitHole();
    cpu.memory.setU32(PAGE_END - 4, 0x11223344);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(0x11223344);
  });

  test('writes nothing to the first page when the second one is not there', () => {
    cpu.code('48 89 07 c3'); // mov [rdi], rax; ret
    cpu.memory.setU32(PAGE_END - 4, 0xaaaaaaaa);
    expectFault(cpu.call({ rdi: PAGE_END - 4, rax: 0x1234567890 }), CODE, HOLE, 1);
    expect(cpu.memory.u32(PAGE_END - 4)).toBe(0xaaaaaaaa);
    commitHole();
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.memory.u64(PAGE_END - 4)).toBe(0x1234567890);
  });

  test('crosses from a page that is not there at its own address', () => {
    cpu.code('0f 11 07 c3'); // movups [rdi], xmm0; ret
    expectFault(cpu.call({ rdi: PAGE - 1 }), CODE, PAGE - 1, 1);
    cpu.code('0f 10 07 c3'); // movups xmm0, [rdi]; ret
    expectFault(cpu.call({ rdi: PAGE_END - 1 }), CODE, HOLE, 0);
  });

  test('leaves a read-modify-write undone: memory, register and flags', () => {
    cpu.code('48 87 07 c3'); // xchg [rdi], rax; ret
    cpu.memory.setU32(PAGE_END - 4, 7);
    expectFault(cpu.call({ rdi: PAGE_END - 4, rax: 9 }), CODE, HOLE, 1);
    expect([cpu.register('rax'), cpu.memory.u32(PAGE_END - 4)]).toEqual([9, 7]);
    cpu.code('39 c9 01 07 c3'); // cmp ecx, ecx; add [rdi], eax; ret
    expectFault(cpu.call({ rdi: PAGE_END - 2, rax: -1 }), CODE + 2, HOLE, 1);
    expect(cpu.state.word(STATE.rflags) & 0x8d5).toBe(0x44);
    commitHole();
    cpu.memory.setU32(PAGE_END - 2, 0x10000);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.memory.u32(PAGE_END - 2)).toBe(0xffff);
  });

  test('leaves the stack pointer of push and call where it was', () => {
    cpu.code('50 c3'); // push rax; ret
    cpu.prepareCall(CODE);
    cpu.state.rsp = PAGE;
    expectFault(cpu.finish(), CODE, PAGE - 8, 1);
    expect(cpu.state.rsp).toBe(PAGE);
    cpu.code('e8 00 00 00 00 c3'); // call next; ret
    cpu.prepareCall(CODE);
    cpu.state.rsp = PAGE;
    expectFault(cpu.finish(), CODE, PAGE - 8, 1);
    expect(cpu.state.rsp).toBe(PAGE);
  });

  test('has all earlier instructions done and none of the later', () => {
    // inc rax; shl rcx, 3; mov [rsi], rax; mov rdx, [rdi]; inc rax; ret
    cpu.code('48 ff c0 48 c1 e1 03 48 89 06 48 8b 17 48 ff c0 c3');
    expectFault(cpu.call({ rax: 1, rcx: 5, rdx: 77, rsi: PAGE, rdi: HOLE }), CODE + 10, HOLE, 0);
    expect(['rax', 'rcx', 'rdx'].map((name) => cpu.register(name as 'rax'))).toEqual([2, 40, 77]);
    expect(cpu.memory.u64(PAGE)).toBe(2);
  });

  test('keeps checks merged by base precise', () => {
    // mov [rdi], rax; mov [rdi+8], rax; mov [rdi+16], rax; ret   with the third one in the hole
    cpu.code('48 89 07 48 89 47 08 48 89 47 10 c3');
    expectFault(cpu.call({ rdi: PAGE_END - 16, rax: 3 }), CODE + 7, HOLE, 1);
    expect([cpu.memory.u64(PAGE_END - 16), cpu.memory.u64(PAGE_END - 8)]).toEqual([3, 3]);
    commitHole();
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.memory.u64(HOLE)).toBe(3);
  });

  test('is an access violation at -1 for a misaligned movaps and an address that is not canonical', () => {
    const minusOne = 2 ** 64;
    cpu.code('0f 28 07 c3'); // movaps xmm0, [rdi]; ret
    expectFault(cpu.call({ rdi: PAGE + 8 }), CODE, minusOne, 0);
    expect(cpu.call({ rdi: PAGE + 16 })).toBe(Exit.breakpoint);
    cpu.code('48 8b 07 c3');
    expectFault(cpu.call({ rdi: 0x1_0000_0000_0000 }), CODE, minusOne, 0);
    expectFault(cpu.call({ rdi: -8 }), CODE, 2 ** 64 - 8, 0);
  });

  test('reports a guard page once', () => {
    cpu.space.allocate(HOLE, 0x1000, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    cpu.code('48 8b 07 c3');
    expect(cpu.call({ rdi: HOLE })).toBe(Exit.fault);
    expect(cpu.state.word(STATE.exitCode)).toBe(STATUS_GUARD_PAGE_VIOLATION);
    expect(cpu.finish()).toBe(Exit.breakpoint);
  });
});

describe('a repeated string instruction that faults', () => {
  test('keeps the progress of rep movsb', () => {
    cpu.code('f3 a4 c3'); // rep movsb; ret
    const source = PAGE;
    cpu.memory.setBytes(
      source,
      new Uint8Array(0x20).map((_, index) => index + 1),
    );
    expectFault(cpu.call({ rsi: source, rdi: PAGE_END - 0x10, rcx: 0x20 }), CODE, HOLE, 1);
    expect([cpu.register('rcx'), cpu.register('rsi'), cpu.register('rdi')]).toEqual([
      0x10,
      source + 0x10,
      HOLE,
    ]);
    expect(cpu.memory.u8(PAGE_END - 1)).toBe(0x10);
    commitHole();
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.memory.u8(HOLE + 0xf)).toBe(0x20);
    expect(cpu.register('rcx')).toBe(0);
  });

  test('keeps the progress of rep stosq to the whole element', () => {
    cpu.code('f3 48 ab c3'); // rep stosq; ret
    expectFault(cpu.call({ rdi: PAGE_END - 20, rcx: 4, rax: 0x55 }), CODE, HOLE, 1);
    expect([cpu.register('rcx'), cpu.register('rdi')]).toEqual([2, PAGE_END - 4]);
    expect(cpu.memory.u32(PAGE_END - 4)).toBe(0);
  });

  test('finds nothing new in repne scasb and keeps the flags', () => {
    cpu.code('39 c9 f2 ae c3'); // cmp ecx, ecx; repne scasb; ret
    expectFault(cpu.call({ rdi: PAGE_END - 3, rcx: 10, rax: 1 }), CODE + 2, HOLE, 0);
    expect([cpu.register('rcx'), cpu.register('rdi')]).toEqual([7, HOLE]);
    expect(cpu.state.word(STATE.rflags) & 0x40).toBe(0x40);
  });
});

describe('execution that faults', () => {
  test('is reported at the target of a jump, a call and a return', () => {
    cpu.code('ff e0'); // jmp rax
    expectFault(cpu.call({ rax: PAGE }), PAGE, PAGE, 8);
    expectFault(cpu.call({ rax: HOLE + 5 }), HOLE + 5, HOLE + 5, 8);
    cpu.code('ff d0'); // call rax
    expectFault(cpu.call({ rax: 0 }), 0, 0, 8);
    expect(cpu.memory.u64(cpu.state.rsp)).toBe(CODE + 2);
    cpu.code('c3');
    cpu.prepareCall(CODE);
    cpu.memory.setU64(cpu.state.rsp, HOLE);
    expectFault(cpu.finish(), HOLE, HOLE, 8);
    expect(cpu.state.rsp).toBe(STACK_TOP - 0x1000);
  });

  test('is reported at the second page of an instruction that crosses into it', () => {
    cpu.map(0x300_0000, 0x1000, PAGE_EXECUTE_READWRITE);
    cpu.code('90 b8 01 00', 0x300_0ffc); // nop; mov eax, imm32 cut off
    expectFault(cpu.call({}, 0x300_0ffc), 0x300_0ffd, 0x300_1000, 8);
  });

  test('goes on when the page is given the right to execute', () => {
    cpu.memory.setBytes(PAGE, new Uint8Array([0xb0, 0x2a, 0xc3])); // mov al, 42; ret
    expectFault(cpu.call({}, PAGE), PAGE, PAGE, 8);
    cpu.space.protect(PAGE, 0x1000, PAGE_EXECUTE_READWRITE);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.register('rax') & 0xff).toBe(42);
    cpu.space.protect(PAGE, 0x1000, PAGE_READWRITE);
    expectFault(cpu.call({}, PAGE), PAGE, PAGE, 8);
  });
});

describe('other exits', () => {
  test('name the instruction that is not implemented', () => {
    cpu.code('90 0f 01 c8'); // nop; monitor
    expect(cpu.call()).toBe(Exit.unsupported);
    expect(cpu.state.rip).toBe(CODE + 1);
    expect(cpu.cpu.unsupported).toBe('instruction 0f 01 c8 (monitor)');
  });

  test('refuse bits of MXCSR that do not exist, with a fault without address', () => {
    cpu.code('0f ae 17 c3'); // ldmxcsr [rdi]; ret
    cpu.memory.setU32(PAGE, 0x1fbf);
    expect(cpu.call({ rdi: PAGE })).toBe(Exit.breakpoint);
    expect(cpu.state.word(STATE.mxcsr)).toBe(0x1fbf);
    cpu.memory.setU32(PAGE, 0x1_1f80);
    expect(cpu.call({ rdi: PAGE })).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(CODE);
    expect(cpu.state.word(STATE.mxcsr)).toBe(0x1fbf);
  });

  test('tell int3, ud2, hlt and division by zero apart, at the instruction', () => {
    for (const [hex, reason] of [
      ['cc', Exit.breakpoint],
      ['0f 0b', Exit.illegal],
      ['f4', Exit.privileged],
      ['f7 f1', Exit.divide],
    ] as const) {
      cpu.code(`90 ${hex}`);
      expect(cpu.call({ rcx: 0 })).toBe(reason);
      expect(cpu.state.rip).toBe(CODE + 1);
    }
    expect(cpu.state.word(STATE.exitCode)).toBe(0xc0000094);
    expect(cpu.call({ rcx: 1, rdx: 1 })).toBe(Exit.divide);
    expect(cpu.state.word(STATE.exitCode)).toBe(0xc0000095);
  });

  test('come after each instruction while TF is set, but for the one that sets it', () => {
    cpu.code('9c 81 0c 24 00 01 00 00 9d 90 ff c0 c3'); // pushf; or dword [rsp], 100h; popf; nop; inc eax; ret
    expect(cpu.call({ rax: 1 })).toBe(Exit.singleStep);
    expect(cpu.state.rip).toBe(CODE + 10);
    expect(cpu.finish()).toBe(Exit.singleStep);
    expect([cpu.state.rip, cpu.register('rax')]).toEqual([CODE + 12, 2]);
    expect(cpu.finish()).toBe(Exit.singleStep);
    expect(cpu.state.rip).toBe(END);
  });
});

describe('a syscall', () => {
  test('shows the host all registers and exact flags, and takes what it changes', () => {
    // cmp ecx, ecx; mov eax, 7; syscall; lea rbx, [rax+rsi]; ret
    cpu.code('39 c9 b8 07 00 00 00 0f 05 48 8d 1c 30 c3');
    cpu.hook = () => {
      expect(cpu.state.word(STATE.rflags) & 0x8d5).toBe(0x44);
      expect(cpu.state.rip).toBe(CODE + 9);
      cpu.state.setGpr(0, 100);
      cpu.state.setGpr(6, 11);
      return false;
    };
    expect(cpu.call({ rsi: 1 })).toBe(Exit.breakpoint);
    expect(cpu.services).toEqual([7]);
    expect(cpu.register('rbx')).toBe(111);
  });

  test('leaves with the rip the host wants', () => {
    cpu.code('b8 07 00 00 00 0f 05 c3');
    cpu.hook = () => {
      cpu.state.rip = 0x1234_5678;
      return true;
    };
    expect(cpu.call()).toBe(Exit.service);
    expect(cpu.state.rip).toBe(0x1234_5678);
  });
});

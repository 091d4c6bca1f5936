import { describe, expect, test } from 'vitest';
import {
  MEM_RELEASE,
  PAGE_GUARD,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  READ,
  SEC_COMMIT,
  WRITE,
} from '../../src/memory/constants.ts';
import { Section } from '../../src/memory/section.ts';
import { STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION } from '../../src/memory/status.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, DATA, TestCpu, word } from './support.ts';

const PAGE = 0x1000;
/** Two pages of their own, the second of which tests change. */
const PAIR = 0x500_0000;
/** Where else they, or others, may be shown. */
const OTHER = 0x600_0000;
/** Eight bytes before the second page. */
const BORDER = PAIR + PAGE - 8;

function machine(): TestCpu {
  const cpu = new TestCpu();
  cpu.map(PAIR, 2 * PAGE, PAGE_READWRITE);
  cpu.memory.setU64(BORDER, 0x11);
  cpu.memory.setU64(BORDER + 8, 0x22);
  return cpu;
}

/** A section of two pages. */
function sectionOf(cpu: TestCpu): Section {
  const { status, section } = Section.pagefile(cpu.system, 2 * PAGE, PAGE_READWRITE, SEC_COMMIT);
  expect(status).toBe(0);
  return section!;
}

/** mov rax, [rsi]; test rdx, rdx; jz 1f; mov rbx, [rsi+8]; 1: ret */
const READ_TWO = '48 8b 06 48 85 d2 74 04 48 8b 5e 08 c3';
const SECOND_READ = CODE + 8;

describe('a field read in a later block than the first', () => {
  test('is read across the end of a page', () => {
    const cpu = machine();
    cpu.code(READ_TWO);
    for (let round = 0; round < 3; round++) {
      expect(cpu.call({ rsi: BORDER, rdx: 1, rbx: 0 })).toBe(Exit.breakpoint);
      expect([cpu.register('rax'), cpu.register('rbx')]).toEqual([0x11, 0x22]);
    }
  });

  test('does not fault where it is not reached, and faults by itself where it is', () => {
    const cpu = machine();
    cpu.code(READ_TWO);
    expect(cpu.space.protect(PAIR + PAGE, PAGE, 1)).toBe(0);
    expect(cpu.call({ rsi: BORDER, rdx: 0 })).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(0x11);
    expect(cpu.call({ rsi: BORDER, rdx: 1, rax: 0 })).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(SECOND_READ);
    expect(cpu.register('rax')).toBe(0x11);
    expect(cpu.space.faultStatus).toBe(STATUS_ACCESS_VIOLATION);
    expect(cpu.space.faultAddress).toBe(BORDER + 8);
    expect(cpu.space.faultAccess).toBe(READ);
  });

  test('leaves a guard page alone until it is reached', () => {
    const cpu = machine();
    cpu.code(READ_TWO);
    expect(cpu.space.protect(PAIR + PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD)).toBe(0);
    for (let round = 0; round < 2; round++) expect(cpu.call({ rsi: BORDER, rdx: 0 })).toBe(Exit.breakpoint);
    expect(cpu.call({ rsi: BORDER, rdx: 1 })).toBe(Exit.fault);
    expect(cpu.space.faultStatus).toBe(STATUS_GUARD_PAGE_VIOLATION);
    expect(cpu.state.rip).toBe(SECOND_READ);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.register('rbx')).toBe(0x22);
  });

  test('does not bring a page in that is not reached', () => {
    const cpu = new TestCpu();
    cpu.map(PAIR, 2 * PAGE, PAGE_READWRITE);
    cpu.code(READ_TWO);
    cpu.call({ rsi: BORDER, rdx: 0 });
    expect(cpu.space.readyFrame(PAIR / PAGE, READ)).not.toBe(-1);
    expect(cpu.space.readyFrame((PAIR + PAGE) / PAGE, READ)).toBe(-1);
  });

  test('faults after code in between has freed it', () => {
    // mov rax, [rsi]; mov eax, 7; syscall; mov rbx, [rsi+8]; ret
    const inPlace = { hex: '48 8b 06 b8 07 00 00 00 0f 05 48 8b 5e 08 c3', second: CODE + 10 };
    // mov rax, [rsi]; call 1f; mov rbx, [rsi+8]; ret; 1: mov eax, 7; syscall; ret
    const called = { hex: `48 8b 06 e8 ${word(5)} 48 8b 5e 08 c3 b8 07 00 00 00 0f 05 c3`, second: CODE + 8 };
    for (const { hex, second } of [inPlace, called]) {
      const cpu = machine();
      cpu.code(hex);
      cpu.call({ rsi: PAIR });
      cpu.hook = () => {
        expect(cpu.space.free(PAIR, 0, MEM_RELEASE)).toBe(0);
        return false;
      };
      expect(cpu.call({ rsi: PAIR })).toBe(Exit.fault);
      expect(cpu.state.rip).toBe(second);
      expect(cpu.space.faultAddress).toBe(PAIR + 8);
    }
  });

  test('faults in a loop after it was taken away when the fuel ran out', () => {
    const cpu = machine();
    // call 1f; 1: mov rax, [rsi]; 2: mov rbx, [rsi+8]; jmp 2b
    cpu.code('e8 00 00 00 00 48 8b 06 48 8b 5e 08 eb fa');
    cpu.prepareCall(CODE);
    cpu.state.setGpr(6, PAIR);
    let times = 10;
    const refuel = () => {
      if (times === 5) cpu.space.free(PAIR, 0, MEM_RELEASE);
      return times-- > 0 ? 10_000 : 0;
    };
    expect(cpu.cpu.run(10_000, refuel)).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(CODE + 8);
    expect(cpu.space.faultAddress).toBe(PAIR + 8);
  });

  test('is not relied on after another access, as its page came in, took it away', () => {
    for (const [hex, second] of [
      ['48 8b 06 48 89 0f 48 8b 5e 08 c3', CODE + 6], // mov rax, [rsi]; mov [rdi], rcx; mov rbx, [rsi+8]; ret
      ['48 8b 06 48 8b 0f 48 8b 5e 08 c3', CODE + 6], // mov rax, [rsi]; mov rcx, [rdi]; mov rbx, [rsi+8]; ret
      ['48 8b 06 f3 aa 48 8b 5e 08 c3', CODE + 5], // mov rax, [rsi]; rep stosb; mov rbx, [rsi+8]; ret
    ] as const) {
      const cpu = machine();
      cpu.code(hex);
      const { probe } = cpu.space;
      cpu.space.probe = (address, access) => {
        if (address >= DATA && address < DATA + PAGE) cpu.space.free(PAIR, 0, MEM_RELEASE);
        return probe.call(cpu.space, address, access);
      };
      expect(cpu.call({ rsi: PAIR, rdi: DATA, rcx: 16 }), hex).toBe(Exit.fault);
      expect(cpu.state.rip).toBe(second);
      expect(cpu.space.faultAddress).toBe(PAIR + 8);
    }
  });
});

describe('fields that are read and written', () => {
  test('are read where they can only be read, and the write faults', () => {
    const cpu = machine();
    // mov rax, [rsi]; mov [rsi+8], rdx; ret
    cpu.code('48 8b 06 48 89 56 08 c3');
    expect(cpu.space.protect(PAIR, 2 * PAGE, PAGE_READONLY)).toBe(0);
    for (const at of [PAIR, BORDER]) {
      expect(cpu.call({ rsi: at, rax: 0 })).toBe(Exit.fault);
      expect(cpu.state.rip).toBe(CODE + 3);
      expect(cpu.register('rax')).toBe(at === BORDER ? 0x11 : 0);
      expect(cpu.space.faultAddress).toBe(at + 8);
      expect(cpu.space.faultAccess).toBe(WRITE);
    }
  });

  test('need not be writable where the write is not reached', () => {
    const [cpu, other] = [machine(), machine()];
    expect(other.space.protect(PAIR, 2 * PAGE, PAGE_READONLY)).toBe(0);
    for (const each of [cpu, other]) {
      // mov rax, [rsi]; test rdx, rdx; jz 1f; mov [rsi+8], rdx; 1: ret
      each.code('48 8b 06 48 85 d2 74 04 48 89 56 08 c3');
      for (let round = 0; round < 3; round++) expect(each.call({ rsi: PAIR, rdx: 0 })).toBe(Exit.breakpoint);
    }
    expect(other.cpu.statistics.functions).toBe(cpu.cpu.statistics.functions);
  });

  test('fault as reads where they can be neither', () => {
    const cpu = machine();
    cpu.code('48 8b 06 48 89 56 08 c3'); // mov rax, [rsi]; mov [rsi+8], rdx; ret
    expect(cpu.space.protect(PAIR, 2 * PAGE, 1)).toBe(0);
    expect(cpu.call({ rsi: PAIR })).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(CODE);
    expect(cpu.space.faultAccess).toBe(READ);
  });

  test('are those that the page shows once a write has copied it', () => {
    const cpu = new TestCpu();
    const section = sectionOf(cpu);
    const copying = { base: PAIR, protect: PAGE_WRITECOPY };
    expect(cpu.space.mapView(section, copying)).toBe(0);
    expect(cpu.space.mapView(section, { base: OTHER, protect: PAGE_READWRITE })).toBe(0);
    // mov rax, [rsi]; test rdx, rdx; jz 1f; mov [rsi+8], rdx; 1: mov rbx, [rsi+8]; mov rcx, [rsi]; ret
    cpu.code('48 8b 06 48 85 d2 74 04 48 89 56 08 48 8b 5e 08 48 8b 0e c3');
    // It is this view's page that is at home, and the other keeps it when this one has a copy.
    expect(cpu.call({ rsi: PAIR, rdx: 0 })).toBe(Exit.breakpoint);
    cpu.memory.setU64(OTHER, 0x33);
    for (const value of [0, 0x55, 0x66]) {
      expect(cpu.call({ rsi: PAIR, rdx: value })).toBe(Exit.breakpoint);
      expect([cpu.register('rax'), cpu.register('rbx'), cpu.register('rcx')]).toEqual([0x33, value, 0x33]);
    }
    expect(cpu.memory.u64(OTHER + 8)).toBe(0);
    cpu.memory.setU64(OTHER, 0x44);
    expect(cpu.memory.u64(PAIR)).toBe(0x33);
  });

  test('are the same through two views of a section', () => {
    const cpu = new TestCpu();
    const section = sectionOf(cpu);
    for (const base of [PAIR, OTHER])
      expect(cpu.space.mapView(section, { base, protect: PAGE_READWRITE })).toBe(0);
    // mov [rsi], rdx; mov [rsi+8], rcx; mov rax, [rdi]; mov rbx, [rdi+8]; ret
    cpu.code('48 89 16 48 89 4e 08 48 8b 07 48 8b 5f 08 c3');
    for (const [from, to] of [
      [PAIR, OTHER],
      [OTHER, PAIR],
    ] as const) {
      for (const offset of [0x100, PAGE - 8, PAGE - 3]) {
        for (const value of [1, 2, 3]) {
          const registers = { rsi: from + offset, rdi: to + offset, rdx: value, rcx: value + offset };
          expect(cpu.call(registers)).toBe(Exit.breakpoint);
          expect([cpu.register('rax'), cpu.register('rbx')]).toEqual([value, value + offset]);
        }
      }
    }
  });

  test('are new code where they hold code', () => {
    const cpu = new TestCpu();
    const callee = CODE + 0x2008;
    // mov [rsi], edx; mov [rsi+8], ecx; call callee; ret      with mov eax, value; ret at callee
    cpu.code(`89 16 89 4e 08 e8 ${word(callee - (CODE + 10))} c3`);
    cpu.code('b8 00 00 00 00 c3', callee);
    for (const value of [1, 2, 3]) {
      expect(cpu.call({ rsi: callee - 8, rcx: 0xb8 | (value << 8) })).toBe(Exit.breakpoint);
      expect(cpu.register('rax')).toBe(value);
    }
  });
});

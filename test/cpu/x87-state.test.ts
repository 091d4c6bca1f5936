import { describe, expect, test } from 'vitest';
import { X87 } from '../../src/cpu/runtime/x87/layout.ts';
import { STATE } from '../../src/machine/cpu-state.ts';
import { PAGE_NOACCESS } from '../../src/memory/constants.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, DATA, TestCpu } from './support.ts';

const UNMASKED_ZERO_DIVIDE = 0x37b;
const ZE = 0x04;
const ES = 0x80;

const statusWord = (cpu: TestCpu) => cpu.state.word(STATE.fxsave) >>> 16;

/** A CPU about to run `code` (called, with rdi = DATA) with a control word. */
function prepared(code: string, controlWord = 0x37f): TestCpu {
  const cpu = new TestCpu();
  cpu.code(code);
  cpu.memory.setU16(DATA, controlWord);
  return cpu;
}

describe('an unmasked exception', () => {
  // fninit; fldcw [rdi]; fldz; fld1; fdiv st, st(1); mov eax, 7; then what waits or not
  const DIVIDE = 'db e3 d9 2f d9 ee d9 e8 d8 f1 b8 07 00 00 00';
  const waiting = CODE + 15;

  test('is raised by the next instruction that waits, with the operands as they were', () => {
    const cpu = prepared(`${DIVIDE} d9 c0 c3`, UNMASKED_ZERO_DIVIDE);
    expect(cpu.call({ rdi: DATA })).toBe(Exit.x87);
    expect(cpu.state.rip).toBe(waiting);
    expect(cpu.register('rax')).toBe(7);
    expect(statusWord(cpu) & (ZE | ES)).toBe(ZE | ES);
    const image = new DataView(cpu.state.x87Image().buffer);
    expect(image.getUint16(40, true)).toBe(0x3fff);
    // opcode d8 f1 at its address, no operand in memory
    expect(image.getUint16(6, true)).toBe(0x0f1);
    expect(image.getUint32(8, true)).toBe(CODE + 8);
  });
  test('is raised before a waiting instruction looks at its memory operand', () => {
    const cpu = prepared(`${DIVIDE} dd 06 c3`, UNMASKED_ZERO_DIVIDE);
    expect(cpu.call({ rdi: DATA, rsi: 0x10 })).toBe(Exit.x87);
  });
  test('is raised by fwait, and not by fnstsw, fnclex and fninit', () => {
    const fwait = prepared(`${DIVIDE} 9b c3`, UNMASKED_ZERO_DIVIDE);
    expect(fwait.call({ rdi: DATA })).toBe(Exit.x87);
    const cleared = prepared(`${DIVIDE} df e0 db e2 9b d9 c0 c3`, UNMASKED_ZERO_DIVIDE);
    expect(cleared.call({ rdi: DATA })).toBe(Exit.breakpoint);
    expect(cleared.register('rax') & ES).toBe(ES);
    const initial = prepared(`${DIVIDE} db e3 d9 e8 c3`, UNMASKED_ZERO_DIVIDE);
    expect(initial.call({ rdi: DATA })).toBe(Exit.breakpoint);
  });
  test('becomes pending when a raised flag is unmasked by fldcw', () => {
    // fninit; fldz; fld1; fdiv st, st(1); fldcw [rdi]; fwait
    const cpu = prepared('db e3 d9 ee d9 e8 d8 f1 d9 2f 9b c3', UNMASKED_ZERO_DIVIDE);
    expect(cpu.call({ rdi: DATA })).toBe(Exit.x87);
  });
});

describe('a memory operand that faults', () => {
  const BAD = DATA + 0x8000;

  test.each([
    ['fstp qword ptr [rsi]', 'dd 1e'],
    ['fistp dword ptr [rsi]', 'db 1e'],
    ['fstp tbyte ptr [rsi]', 'db 3e'],
    ['fadd dword ptr [rsi]', 'd8 06'],
    ['fbstp [rsi]', 'df 36'],
    ['fnsave [rsi]', 'dd 36'],
    ['frstor [rsi]', 'dd 26'],
    ['fnstenv [rsi]', 'd9 36'],
    ['fldcw [rsi]', 'd9 2e'],
  ])('leaves everything as it was before %s', (_name, code) => {
    // fninit; fldpi; fld1
    const cpu = prepared(`db e3 d9 eb d9 e8 ${code} c3`);
    const reference = prepared('db e3 d9 eb d9 e8 c3');
    expect(reference.call({ rdi: DATA })).toBe(Exit.breakpoint);
    cpu.space.protect(BAD, 0x1000, PAGE_NOACCESS);
    // The operand begins on the page before.
    expect(cpu.call({ rdi: DATA, rsi: BAD - 1 })).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(CODE + 6);
    expect(cpu.state.number64(STATE.faultAddress)).toBe(BAD);
    expect(Buffer.from(cpu.state.slice(STATE.fxsave, 160))).toEqual(
      Buffer.from(reference.state.slice(STATE.fxsave, 160)),
    );
  });
});

describe('fxsave and fxrstor', () => {
  const IMAGE = DATA + 0x100;

  test('carry the registers from the stack top, the words and the xmm registers', () => {
    // fninit; fldpi; fld1; fxsave [rsi]; fninit; pxor xmm9, xmm9; fxrstor [rsi]
    const cpu = prepared('db e3 d9 eb d9 e8 0f ae 06 db e3 66 45 0f ef c9 0f ae 0e c3');
    cpu.state.slice(STATE.xmm + 9 * 16, 16).fill(0x5a);
    cpu.memory.setBytes(IMAGE, new Uint8Array(512).fill(0xee));
    expect(cpu.call({ rdi: DATA, rsi: IMAGE })).toBe(Exit.breakpoint);
    expect(cpu.memory.u16(IMAGE)).toBe(0x37f);
    expect(cpu.memory.u16(IMAGE + 2)).toBe(0x3000);
    expect(cpu.memory.u16(IMAGE + 4)).toBe(0xc0);
    expect(cpu.memory.u32(IMAGE + 0x18)).toBe(0x1f80);
    expect(cpu.memory.u16(IMAGE + 0x28)).toBe(0x3fff);
    expect(cpu.memory.u16(IMAGE + 0x38)).toBe(0x4000);
    expect(cpu.memory.u32(IMAGE + 0x34)).toBe(0xc90fdaa2);
    expect(cpu.memory.u32(IMAGE + 0xa0 + 9 * 16)).toBe(0x5a5a5a5a);
    // The last 96 bytes are software's.
    expect(cpu.memory.u32(IMAGE + 416)).toBe(0xeeeeeeee);
    expect(cpu.state.slice(STATE.xmm + 9 * 16, 1)[0]).toBe(0x5a);
    expect(cpu.state.slice(X87.registers + 6 * 16 + 8, 2)[1]).toBe(0x3f);
    expect(statusWord(cpu)).toBe(0x3000);
    expect(cpu.state.slice(X87.tags, 1)[0]).toBe(0xc0);
  });
  test('refuse a misaligned image as other instructions do', () => {
    const cpu = prepared('0f ae 06 c3');
    expect(cpu.call({ rdi: DATA, rsi: IMAGE + 8 })).toBe(Exit.fault);
    expect(cpu.state.word(STATE.faultAddress)).toBe(0xffff_ffff);
  });
  test('refuse bits of mxcsr that no processor has', () => {
    const cpu = prepared('0f ae 0e c3');
    cpu.memory.setU32(IMAGE + 0x18, 0x11f80);
    expect(cpu.call({ rdi: DATA, rsi: IMAGE })).toBe(Exit.fault);
  });
  test('keep opcode and pointers only while an exception is pending', () => {
    // fninit; fldcw [rdi]; fldz; fdivr dword ptr [rdi+4]; fxsave64 [rsi]
    const cpu = prepared('db e3 d9 2f d9 ee d8 7f 04 48 0f ae 06 c3', UNMASKED_ZERO_DIVIDE);
    cpu.memory.setU32(DATA + 4, 0x3f80_0000);
    expect(cpu.call({ rdi: DATA, rsi: IMAGE })).toBe(Exit.breakpoint);
    expect(cpu.memory.u16(IMAGE + 6)).toBe(0x07f);
    expect(cpu.memory.u64(IMAGE + 8)).toBe(CODE + 6);
    expect(cpu.memory.u64(IMAGE + 16)).toBe(DATA + 4);
    const masked = prepared('db e3 d9 2f d9 ee d8 7f 04 48 0f ae 06 c3');
    masked.memory.setU32(DATA + 4, 0x3f80_0000);
    expect(masked.call({ rdi: DATA, rsi: IMAGE })).toBe(Exit.breakpoint);
    expect(masked.memory.u64(IMAGE + 8)).toBe(0);
  });
});

test('xgetbv does not exist, as cpuid says', () => {
  const cpu = prepared('0f 01 d0 c3');
  expect(cpu.call()).toBe(Exit.illegal);
});

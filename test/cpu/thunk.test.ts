import { beforeEach, describe, expect, test } from 'vitest';
import { STATE } from '../../src/machine/cpu-state.ts';
import { PAGE_NOACCESS, PAGE_READWRITE } from '../../src/memory/constants.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, DATA, STACK_TOP, TestCpu, word } from './support.ts';

/*
 * A call of a jump through a pointer, as compilers call imports: it is translated with its caller.
 */
const THUNK = CODE + 0x1000;
const POINTER = DATA + 0x10;
const [ONE, TWO] = [CODE + 0x2000, CODE + 0x2100];
/** The stack pointer where the call has pushed its return address. */
const PUSHED = STACK_TOP - 0x1010;

/** mov eax, number; ret */
const answers = (number: number) => `b8 ${word(number)} c3`;
/** jmp [rip + …] */
const jumpThrough = (pointer: number) => `ff 25 ${word(pointer - (THUNK + 6))}`;

let cpu: TestCpu;
beforeEach(() => {
  cpu = new TestCpu();
  cpu.code(`e8 ${word(THUNK - (CODE + 5))} c3`); // call THUNK; ret
  cpu.code(jumpThrough(POINTER), THUNK);
  cpu.code(answers(1), ONE);
  cpu.code(answers(2), TWO);
  cpu.memory.setU64(POINTER, ONE);
});

function answer(): number {
  expect(cpu.call({ rax: 0 })).toBe(Exit.breakpoint);
  return cpu.register('rax');
}

describe('a call of a jump through a pointer', () => {
  test('goes where the pointer leads by now', () => {
    for (const number of [1, 1, 1]) expect(answer()).toBe(number);
    cpu.memory.setU64(POINTER, TWO);
    for (const number of [2, 2]) expect(answer()).toBe(number);
    cpu.memory.setU64(POINTER, ONE);
    expect(answer()).toBe(1);
  });

  test('is translated again when the jump is overwritten', () => {
    for (const number of [1, 1]) expect(answer()).toBe(number);
    cpu.code(answers(3), THUNK);
    expect(answer()).toBe(3);
    cpu.code(jumpThrough(POINTER), THUNK);
    expect(answer()).toBe(1);
  });

  test('is translated again when what the pointer leads to is overwritten', () => {
    for (const number of [1, 1]) expect(answer()).toBe(number);
    cpu.code(answers(4), ONE);
    expect(answer()).toBe(4);
  });

  test('faults at the jump, behind the call, and goes on there', () => {
    for (const number of [1, 1]) expect(answer()).toBe(number);
    cpu.space.protect(DATA, 0x1000, PAGE_NOACCESS);
    expect(cpu.call({ rax: 0 })).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(THUNK);
    expect(cpu.state.number64(STATE.faultAddress)).toBe(POINTER);
    expect(cpu.register('rsp')).toBe(PUSHED);
    expect(cpu.memory.u64(PUSHED)).toBe(CODE + 5);
    cpu.space.protect(DATA, 0x1000, PAGE_READWRITE);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(cpu.register('rax')).toBe(1);
  });

  test('reads the pointer after the return address was pushed', () => {
    cpu.code(jumpThrough(PUSHED), THUNK);
    cpu.code('58 c3', CODE + 5); // pop rax; ret
    for (let round = 0; round < 3; round++) {
      cpu.memory.setU64(PUSHED, ONE);
      expect(answer()).toBe(CODE + 5);
    }
  });
});

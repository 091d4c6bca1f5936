import { expect, test } from 'vitest';
import { PAGE_READWRITE } from '../../src/memory/constants.ts';
import { Exit } from '../../src/process/executor.ts';
import { TestCpu } from './support.ts';

/** Pages of a program's image and of its heap that have the same place in the first level. */
const IMAGE = 0x1_4002_0000;
const HEAP = 0x2_0000;
const ROUNDS = 1000;

/** How often the host is asked for a page while code reads or writes in both by turns. */
function probes(loop: string): number {
  const cpu = new TestCpu();
  cpu.map(IMAGE, 0x1000, PAGE_READWRITE);
  cpu.map(HEAP, 0x1000, PAGE_READWRITE);
  const probe = cpu.space.probe.bind(cpu.space);
  let count = 0;
  cpu.space.probe = (address, access) => {
    count++;
    return probe(address, access);
  };
  cpu.code(loop);
  expect(cpu.call({ rcx: ROUNDS, rsi: IMAGE, rdi: HEAP })).toBe(Exit.breakpoint);
  return count;
}

test('pages far apart that meet in the first level of the TLB do not meet in the second', () => {
  // 1: mov rax, [rsi]; mov rdx, [rdi]; dec rcx; jnz 1b; ret
  expect(probes('48 8b 06 48 8b 17 48 ff c9 75 f5 c3')).toBeLessThan(20);
  // 1: mov [rsi], rax; mov [rdi], rax; dec rcx; jnz 1b; ret
  expect(probes('48 89 06 48 89 07 48 ff c9 75 f5 c3')).toBeLessThan(20);
});

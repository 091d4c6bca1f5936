import { STATE } from '../../src/machine/cpu-state.ts';
import { FLAGS_WORD, MEMORY_WORD, STACK_WINDOW, STACK_WORD, WINDOW, WORDS, XMM_WORD } from './inputs.ts';
import type { TestCpu } from './support.ts';

/** Sets registers and memory from the words of inputs.ts. */
export function setWords(cpu: TestCpu, words: BigUint64Array): void {
  const view = cpu.system.ram.view;
  const at = cpu.state.slice(0, 1).byteOffset;
  for (let register = 0; register < 16; register++)
    view.setBigUint64(at + STATE.gpr + register * 8, words[register]!, true);
  for (let word = 0; word < 8; word++)
    view.setBigUint64(at + STATE.xmm + word * 8, words[XMM_WORD + word]!, true);
  cpu.state.setWord(STATE.rflags, Number(words[FLAGS_WORD]!));
  cpu.state.setWord(STATE.mxcsr, 0x1f80);
  cpu.memory.setBytes(WINDOW, new Uint8Array(words.slice(MEMORY_WORD, STACK_WORD).buffer));
  cpu.memory.setBytes(STACK_WINDOW, new Uint8Array(words.slice(STACK_WORD, WORDS).buffer));
}

/** The present registers and memory as words; r15 is left out. */
export function getWords(cpu: TestCpu): BigUint64Array {
  const words = new BigUint64Array(WORDS);
  const view = cpu.system.ram.view;
  const at = cpu.state.slice(0, 1).byteOffset;
  for (let register = 0; register < 15; register++)
    words[register] = view.getBigUint64(at + STATE.gpr + register * 8, true);
  for (let word = 0; word < 8; word++)
    words[XMM_WORD + word] = view.getBigUint64(at + STATE.xmm + word * 8, true);
  words[FLAGS_WORD] = BigInt(cpu.state.word(STATE.rflags));
  words.set(new BigUint64Array(cpu.memory.bytes(WINDOW, 256).buffer), MEMORY_WORD);
  words.set(new BigUint64Array(cpu.memory.bytes(STACK_WINDOW, 128).buffer), STACK_WORD);
  return words;
}

const NAMES = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 flags'.split(' ');

/** Name of a word, for messages. */
export function nameOf(word: number): string {
  if (word < MEMORY_WORD) return NAMES[word] ?? `xmm${(word - XMM_WORD) >> 1}[${(word - XMM_WORD) & 1}]`;
  return word < STACK_WORD
    ? `memory[${(word - MEMORY_WORD) * 8 - 128}]`
    : `stack[${(word - STACK_WORD) * 8 - 64}]`;
}

import { expect, test } from 'vitest';
import { STATE } from '../../src/machine/cpu-state.ts';
import { PAGE_READWRITE } from '../../src/memory/constants.ts';
import { Exit } from '../../src/process/executor.ts';
import { FORMS } from './forms.ts';
import { FLAGS_WORD, inputWords, Random, WORDS } from './inputs.ts';
import { Recording } from './recording.ts';
import { CODE, TestCpu } from './support.ts';
import { getWords, nameOf, setWords } from './words.ts';

/*
 * Random programs: blocks of recorded forms joined by random branches, run as translated functions and instruction by
 * instruction. Each block counts r14 down and reads [r12+r14*8], which faults when it is negative: that ends a program
 * at an exact place with its flags as they were.
 */
const BLOCKS = 9;
const COUNTER_PAGE = 0x700_0000;
const COUNT = 40;
const SEED = Number(process.env.SEED ?? 20_260_101);
const PROGRAMS = Number(process.env.PROGRAMS ?? 25);

/** lea r14, [r14-1]; mov r13, [r12+r14*8] */
const COUNT_DOWN = [0x4d, 0x8d, 0x76, 0xff, 0x4f, 0x8b, 0x2c, 0xf4];

const recording = new Recording();
const usable = FORMS.map((_, index) => index).filter((index) => {
  const { asm, kind } = FORMS[index]!;
  return kind !== 'divide' && kind !== 'string' && !/push|pop|call|leave|enter|cmpxchg16b|r11|std/.test(asm);
});

function program(random: Random): Uint8Array {
  const blocks = Array.from({ length: BLOCKS }, () => {
    const code = [...COUNT_DOWN];
    for (let count = random.below(4); count >= 0; count--)
      code.push(...recording.codes[random.pick(usable)]!);
    return code;
  });
  // Each block ends in jcc rel32, jmp rel32: to any block, also of a cycle with two entries.
  const starts: number[] = [];
  let at = 0;
  for (const block of blocks) {
    starts.push(at);
    at += block.length + 11;
  }
  const out = new Uint8Array(at);
  const view = new DataView(out.buffer);
  blocks.forEach((block, index) => {
    const end = starts[index]! + block.length;
    out.set(block, starts[index]!);
    out.set([0x0f, 0x80 | random.below(16)], end);
    view.setInt32(end + 2, starts[random.below(BLOCKS)]! - (end + 6), true);
    out[end + 6] = 0xe9;
    view.setInt32(end + 7, starts[random.below(BLOCKS)]! - (end + 11), true);
  });
  return out;
}

function prepare(cpu: TestCpu, words: BigUint64Array): void {
  setWords(cpu, words);
  cpu.state.rip = CODE;
}

function stepped(cpu: TestCpu): number {
  for (let steps = 0; steps < 2000; steps++) {
    cpu.state.setWord(STATE.rflags, cpu.state.word(STATE.rflags) | 0x100);
    const reason = cpu.cpu.run(1_000_000);
    cpu.state.setWord(STATE.rflags, cpu.state.word(STATE.rflags) & ~0x100);
    if (reason !== Exit.singleStep) return reason;
  }
  throw new Error('too many steps');
}

test(`${PROGRAMS} random programs do the same as functions and by single steps (seed ${SEED})`, {
  timeout: 300_000,
}, () => {
  for (let number = 0; number < PROGRAMS; number++) {
    const random = new Random(SEED + number * 31);
    for (let round = 0; round < 8; round++) random.bits();
    const cpu = new TestCpu();
    cpu.map(COUNTER_PAGE, 0x1000, PAGE_READWRITE);
    cpu.memory.setBytes(CODE, program(random));
    const words = inputWords(number, 1, 'vector');
    words[12] = BigInt(COUNTER_PAGE);
    words[14] = BigInt(COUNT);
    words[FLAGS_WORD] = 0x202n;
    prepare(cpu, words);
    const wantReason = stepped(cpu);
    const [want, wantRip] = [getWords(cpu), cpu.state.rip];
    for (const fuel of [1_000_000, 3]) {
      prepare(cpu, words);
      expect(cpu.finish(fuel)).toBe(wantReason);
      expect([number, fuel, cpu.state.rip.toString(16)]).toEqual([number, fuel, wantRip.toString(16)]);
      const got = getWords(cpu);
      for (let word = 0; word < WORDS; word++) {
        if (got[word] !== want[word]) {
          expect(`program ${number}, fuel ${fuel}: ${nameOf(word)} ${got[word]!.toString(16)}`).toBe(
            want[word]!.toString(16),
          );
        }
      }
    }
  }
});

test('recursion through frames of a thousand instructions stays within the host stack', {
  timeout: 60_000,
}, () => {
  const random = new Random(SEED);
  const registersOnly = usable.filter(
    (index) => !/\[|jmp|loop|[er]sp|[er]?bp|rbx|xlat|\d:/.test(FORMS[index]!.asm),
  );
  const code = [0x49, 0xff, 0xce, 0x0f, 0x88, 0, 0, 0, 0]; // dec r14; js to the end
  const body = (forms: number) => {
    for (let count = 0; count < forms; count++) code.push(...recording.codes[random.pick(registersOnly)]!);
  };
  body(900);
  code.push(0xe8, ...new Uint8Array(new Int32Array([-(code.length + 5)]).buffer));
  body(200);
  const toEnd = new Uint8Array(new Int32Array([code.length - 9]).buffer);
  for (let index = 0; index < 4; index++) code[5 + index] = toEnd[index]!;
  code.push(0xc3);
  const cpu = new TestCpu();
  cpu.memory.setBytes(CODE, new Uint8Array(code));
  // Often enough for the optimizing compiler, whose frames are the larger ones.
  for (let round = 0; round < 15; round++) {
    setWords(cpu, inputWords(round, 0, 'vector'));
    cpu.prepareCall(CODE);
    cpu.state.setGpr(14, 6000);
    expect(cpu.finish(5_000_000)).toBe(Exit.breakpoint);
  }
});

import { describe, expect, test } from 'vitest';
import { STATE } from '../../src/machine/cpu-state.ts';
import { PAGE_EXECUTE_READWRITE } from '../../src/memory/constants.ts';
import { Exit } from '../../src/process/executor.ts';
import { bytes, CODE, DATA, TestCpu, word } from './support.ts';

/*
 * An interpreter: a loop over the bytes at rsi around a switch that changes rdi, with cases 0 to 4 and a default. Its table
 * is at TABLE.
 */
const TABLE = DATA + 0x3000;
const PROGRAM = DATA;
const TF = 0x100;
/** movzx eax, byte [rsi]; inc rsi; cmp eax, 4; ja (the default) */
const HEAD = '0f b6 06 48 ff c6 83 f8 04 77';
const CASES = [
  '48 83 c7 01', // add rdi, 1
  '48 01 ff', // add rdi, rdi
  '48 83 ef 03', // sub rdi, 3
  '48 83 f7 55', // xor rdi, 0x55
  '48 89 f8 c3', // mov rax, rdi; ret
  '48 83 c7 64', // add rdi, 100: the default
];
const DEFAULT = 5;
const END_OF_PROGRAM = 4;

/** lea rdx, [rip + …] for an address. */
function lea(address: number): string {
  return `48 8d 15 ${word(address - (CODE + 18))}`;
}

/** How compilers jump to the case in eax: bytes of code after HEAD, and of an entry. */
interface Form {
  readonly code: string;
  readonly width: 4 | 8;
  readonly origin: number;
}
const FORMS: Record<string, Form> = {
  // movsxd rax, [rdx + rax*4]; add rax, rdx; jmp rax
  'distances from the table': { code: `${lea(TABLE)} 48 63 04 82 48 01 d0 ff e0`, width: 4, origin: TABLE },
  // mov eax, [rdx + rax*4 + …]; add rax, rdx; jmp rax
  'distances from the image': {
    code: `${lea(CODE - 0x1000)} 8b 84 82 ${word(TABLE - CODE + 0x1000)} 48 01 d0 ff e0`,
    width: 4,
    origin: CODE - 0x1000,
  },
  // mov rax, [rdx + rax*8]; jmp rax
  addresses: { code: `${lea(TABLE)} 48 8b 04 c2 ff e0`, width: 8, origin: 0 },
  // jmp [rax*8 + …]
  'addresses without a base': { code: `ff 24 c5 ${word(TABLE)}`, width: 8, origin: 0 },
};

class Interpreter extends TestCpu {
  readonly form: Form;
  readonly cases: number[] = [];
  /** Of the instruction that reads the table. */
  readonly load: number;
  /** Where runs begin. */
  start = CODE;

  /** `isLoop`: each case goes back to the next byte, else it returns. */
  constructor(form: Form, isLoop = true) {
    super();
    this.form = form;
    const start = bytes(HEAD).length + 1;
    this.load = CODE + start + (form.code.startsWith('48 8d') ? 7 : 0);
    let at = CODE + start + bytes(form.code).length;
    const rest = CASES.map((body) => {
      this.cases.push(at);
      const code = isLoop ? `${body} e9 ${word(CODE - (at + bytes(body).length + 5))}` : `${body} c3`;
      at += bytes(code).length;
      return code;
    });
    const over = (this.cases[DEFAULT]! - CODE - start).toString(16);
    this.code(`${HEAD} ${over} ${form.code} ${rest.join(' ')}`);
    this.cases.slice(0, DEFAULT).forEach((address, index) => {
      this.setEntry(index, address);
    });
  }
  setEntry(index: number, address: number): void {
    const { width, origin } = this.form;
    if (width === 8) this.memory.setU64(TABLE + index * 8, address);
    else this.memory.setU32(TABLE + index * 4, (address - origin) >>> 0);
  }
  /** Runs operations and then the end. */
  interpret(operations: readonly number[], fuel = 1_000_000, flags = 0): number {
    this.memory.setBytes(PROGRAM, new Uint8Array([...operations, END_OF_PROGRAM]));
    this.prepareCall(this.start);
    this.state.setGpr(6, PROGRAM);
    this.state.setGpr(7, 0);
    this.state.setWord(STATE.rflags, 0x202 | flags);
    return this.finish(fuel);
  }
}

/** What the interpreter leaves in rdi. */
function expected(operations: readonly number[]): bigint {
  let rdi = 0n;
  for (const operation of operations) {
    if (operation === 0) rdi += 1n;
    else if (operation === 1) rdi += rdi;
    else if (operation === 2) rdi -= 3n;
    else if (operation === 3) rdi ^= 0x55n;
    else rdi += 100n;
    rdi = BigInt.asUintN(64, rdi);
  }
  return rdi;
}

function randomOperations(count: number): number[] {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return [0, 1, 2, 3, 7, 200][(state >>> 16) % 6]!;
  });
}

const rdiOf = (cpu: TestCpu) =>
  BigInt(cpu.state.word(STATE.gpr + 7 * 8) >>> 0) |
  (BigInt(cpu.state.word(STATE.gpr + 7 * 8 + 4) >>> 0) << 32n);

describe.each(Object.entries(FORMS))('a jump through a table of %s', (_, form) => {
  test('is in one region with its loop, though what was resumed before the loop came upon it first', () => {
    const cpu = new Interpreter(form);
    cpu.map(CODE - 0x10000, 0x10000, PAGE_EXECUTE_READWRITE);
    cpu.code('90 90 90 90 90 90', CODE - 6); // nops, and on into the interpreter
    const operations = [7, ...randomOperations(2000)];
    cpu.memory.setBytes(PROGRAM, new Uint8Array([...operations, END_OF_PROGRAM]));
    cpu.prepareCall(CODE - 6);
    cpu.state.setGpr(6, PROGRAM);
    cpu.state.setGpr(7, 0);
    expect(cpu.finish()).toBe(Exit.breakpoint);
    expect(rdiOf(cpu)).toBe(expected(operations));
    // What falls into the interpreter, its loop, what ends it and what it returns to.
    expect(cpu.cpu.statistics.functions).toBe(4);
  });

  test('goes to each case, in one region with the loop around it', () => {
    const cpu = new Interpreter(form);
    const operations = randomOperations(2000);
    expect(cpu.interpret(operations)).toBe(Exit.breakpoint);
    expect(rdiOf(cpu)).toBe(expected(operations));
    // The loop of the interpreter, what ends it and what it returns to.
    expect(cpu.cpu.statistics.functions).toBe(3);
  });

  test('goes to each case in one region without a loop, too, while that is small', () => {
    const cpu = new Interpreter(form, false);
    const caller = CODE + 0x1000;
    cpu.code(`e8 ${word(CODE - (caller + 5))} c3`, caller); // call CODE; ret
    cpu.start = caller;
    for (const operation of [0, 1, 2, 3, 7, 2, 0]) {
      expect(cpu.interpret([operation])).toBe(Exit.breakpoint);
      expect(rdiOf(cpu), String(operation)).toBe(expected([operation]));
    }
    // The function, its caller, and what that returns to.
    expect(cpu.cpu.statistics.functions).toBe(3);
  });

  test('does the same when the fuel ends at any case', () => {
    const cpu = new Interpreter(form);
    const operations = randomOperations(300);
    for (const fuel of [1, 10, 33, 5000, 100_000]) {
      expect(cpu.interpret(operations, fuel), String(fuel)).toBe(Exit.breakpoint);
      expect(rdiOf(cpu), String(fuel)).toBe(expected(operations));
    }
  });

  test('goes where the table says by now', () => {
    const cpu = new Interpreter(form);
    cpu.interpret([0, 1, 2, 3]);
    cpu.setEntry(0, cpu.cases[1]!);
    cpu.setEntry(1, cpu.cases[0]!);
    expect(cpu.interpret([1, 1, 1, 0, 2])).toBe(Exit.breakpoint);
    expect(rdiOf(cpu)).toBe(expected([0, 0, 0, 1, 2]));
    // Not in the table when the interpreter was translated: add rdi, 7; jmp CODE, and the same inside an instruction.
    const elsewhere = CODE + 0x800;
    cpu.code(`48 83 c7 07 e9 ${word(CODE - elsewhere - 9)}`, elsewhere);
    cpu.setEntry(2, elsewhere);
    expect(cpu.interpret([1, 2, 2, 1])).toBe(Exit.breakpoint);
    expect(rdiOf(cpu)).toBe(16n);
    cpu.setEntry(3, cpu.cases[4]! + 3);
    expect(cpu.interpret([1, 2, 3, 1, 1])).toBe(Exit.breakpoint);
    expect(rdiOf(cpu)).toBe(8n);
  });

  test('faults at the instruction that reads the table, with all before it done', () => {
    const cpu = new Interpreter(form);
    cpu.interpret([0, 1, 2, 3]);
    expect(cpu.space.free(DATA, 0, 0x8000)).toBe(0);
    cpu.map(PROGRAM, 0x1000, 4);
    expect(cpu.interpret([7, 7, 3, 9])).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(cpu.load);
    expect(cpu.state.number64(STATE.faultAddress)).toBe(TABLE + 3 * form.width);
    expect(rdiOf(cpu)).toBe(200n);
    expect(cpu.register('rsi')).toBe(PROGRAM + 3);
    // cmp 3, 4
    expect(cpu.state.word(STATE.rflags) & 0x8d5).toBe(0x95);
  });

  test('faults at the case when it leads to nothing, and only when it is taken', () => {
    const cpu = new Interpreter(form);
    cpu.setEntry(1, 0x50_0000);
    cpu.setEntry(2, CODE + 0x900);
    cpu.code('0f 0b', CODE + 0x900);
    expect(cpu.interpret([0, 3, 0])).toBe(Exit.breakpoint);
    expect(rdiOf(cpu)).toBe(expected([0, 3, 0]));
    expect(cpu.interpret([0, 2])).toBe(Exit.illegal);
    expect(cpu.state.rip).toBe(CODE + 0x900);
    expect(cpu.interpret([0, 1])).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(0x50_0000);
  });

  test('is followed by other cases after the code of one has changed', () => {
    const cpu = new Interpreter(form);
    cpu.interpret([0, 1, 2, 3]);
    cpu.memory.setU8(cpu.cases[0]! + 3, 9);
    expect(cpu.interpret([0, 0, 1])).toBe(Exit.breakpoint);
    expect(rdiOf(cpu)).toBe(36n);
  });

  test('leaves a fault in a case exact flags and registers', () => {
    const cpu = new Interpreter(form);
    cpu.code('48 8b 03 90', cpu.cases[0]!); // mov rax, [rbx]; nop
    expect(cpu.interpret([9, 1, 0])).toBe(Exit.fault);
    expect(cpu.state.rip).toBe(cpu.cases[0]);
    expect(rdiOf(cpu)).toBe(200n);
    expect(cpu.register('rsi')).toBe(PROGRAM + 3);
    const flags = cpu.state.word(STATE.rflags);
    // The same by single steps.
    cpu.interpret([9, 1, 0], 1_000_000, TF);
    while (cpu.state.rip !== cpu.cases[0]) expect(cpu.cpu.run(1_000_000)).toBe(Exit.singleStep);
    expect(flags | TF).toBe(cpu.state.word(STATE.rflags));
  });
});

describe('jumps through one table from each of its cases', () => {
  /** movzx eax, byte [rsi]; inc rsi; jmp [rax*8 + …] */
  const GOTO = `0f b6 06 48 ff c6 ff 24 c5 ${word(TABLE)}`;
  /** The same in rcx, with the address in rdx. */
  const OTHER_GOTO = `0f b6 0e 48 ff c6 48 8b 14 cd ${word(TABLE)} ff e2`;

  function gotos(): TestCpu {
    const cpu = new TestCpu();
    cpu.code(GOTO);
    CASES.slice(0, DEFAULT).forEach((body, index) => {
      const at = CODE + 0x40 * (index + 1);
      cpu.code(`${body} ${index % 2 === 0 ? GOTO : OTHER_GOTO}`, at);
      cpu.memory.setU64(TABLE + index * 8, at);
    });
    return cpu;
  }

  test('go to each case, wherever the fuel ends', () => {
    const operations = randomOperations(500).filter((operation) => operation < DEFAULT);
    for (const fuel of [1_000_000, 1, 7, 40, 5000, 100_000]) {
      const cpu = gotos();
      cpu.memory.setBytes(PROGRAM, new Uint8Array([...operations, END_OF_PROGRAM]));
      for (let round = 0; round < 3; round++) {
        expect(cpu.call({ rsi: PROGRAM, rdi: 0, rcx: 77, rdx: 88 }), String(fuel)).toBe(Exit.breakpoint);
        cpu.prepareCall(CODE);
        cpu.state.setGpr(6, PROGRAM);
        cpu.state.setGpr(7, 0);
        expect(cpu.finish(fuel), String(fuel)).toBe(Exit.breakpoint);
        expect(rdiOf(cpu), String(fuel)).toBe(expected(operations));
      }
    }
  });

  test('end when the fuel does, though they never end themselves', () => {
    const cpu = gotos();
    cpu.memory.setU64(TABLE + END_OF_PROGRAM * 8, CODE + 0x400);
    cpu.code(`be ${word(PROGRAM)} ${GOTO}`, CODE + 0x400); // mov esi, PROGRAM, and on
    cpu.memory.setBytes(PROGRAM, new Uint8Array([0, 1, 2, 3, END_OF_PROGRAM]));
    cpu.prepareCall(CODE);
    cpu.state.setGpr(6, PROGRAM);
    for (let round = 0; round < 20; round++) expect(cpu.cpu.run(50_000)).toBe(Exit.fuel);
    expect(cpu.cpu.statistics.functions).toBeLessThan(8);
  });
});

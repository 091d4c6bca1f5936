import { describe, expect, test } from 'vitest';
import { decode } from '../../src/cpu/decode/decode.ts';
import type { Instruction, MemoryOperand } from '../../src/cpu/decode/instruction.ts';

const ADDRESS = 0x1_4000_1000;

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));
}

function decoded(hex: string): Instruction {
  const instruction = decode(bytesOf(hex), 0, ADDRESS);
  if (typeof instruction !== 'object') throw new Error(`${hex}: ${instruction ?? 'no such instruction'}`);
  return instruction;
}

function refused(hex: string): boolean {
  return decode(bytesOf(hex), 0, ADDRESS) === undefined;
}

function register(reg: number, size: number): object {
  return { kind: 'reg', reg, size, high: false };
}

function memory(hex: string): MemoryOperand {
  const found = decoded(hex).operands.find((operand) => operand.kind === 'mem');
  if (found === undefined) throw new Error(`${hex} has no memory operand`);
  return found;
}

function immediate(hex: string): bigint {
  const found = decoded(hex).operands.find((operand) => operand.kind === 'imm');
  if (found === undefined) throw new Error(`${hex} has no immediate`);
  return found.value;
}

describe('an instruction', () => {
  test('tells its address, its length and where the next one is', () => {
    expect(decode(bytesOf('cc cc 48 01 d8'), 2, ADDRESS)).toEqual({
      address: ADDRESS,
      length: 3,
      next: ADDRESS + 3,
      mnemonic: 'add',
      condition: -1,
      opcodeBits: 0,
      opSize: 8,
      operands: [register(0, 8), register(3, 8)],
      lock: false,
      rep: 0,
      segment: undefined,
      address32: false,
    });
  });

  test('cut short is truncated at every byte but the last', () => {
    for (const hex of [
      '48 b8 01 02 03 04 05 06 07 08',
      '66 0f 3a 0f 44 24 10 08',
      'f0 48 0f b1 0d 00 00 00 00',
    ]) {
      const bytes = bytesOf(hex);
      for (let length = 0; length < bytes.length; length++) {
        expect(decode(bytes.subarray(0, length), 0, ADDRESS)).toBe('truncated');
      }
      expect(decode(bytes, 0, ADDRESS)).toMatchObject({ length: bytes.length });
    }
  });

  test('of 15 bytes decodes and of 16 does not', () => {
    const prefixes = Array(13).fill('66').join(' ');
    expect(decoded(`${prefixes} 01 d8`).length).toBe(15);
    expect(refused(`66 ${prefixes} 01 d8`)).toBe(true);
  });

  test('that reaches the end of the buffer within 15 bytes needs no more', () => {
    expect(decode(bytesOf('c3'), 0, ADDRESS)).toMatchObject({ mnemonic: 'ret', length: 1 });
    expect(decode(bytesOf('06'), 0, ADDRESS)).toBeUndefined();
  });
});

describe('operand size', () => {
  test('is 4, with 66 2, with REX.W 8 whatever 66 says', () => {
    expect(decoded('01 d8').opSize).toBe(4);
    expect(decoded('66 01 d8').opSize).toBe(2);
    expect(decoded('48 01 d8').opSize).toBe(8);
    expect(decoded('66 48 01 d8').opSize).toBe(8);
    expect(decoded('00 d8').opSize).toBe(1);
  });

  test('of push and pop is 8, or 2 with 66', () => {
    expect(decoded('55')).toMatchObject({ mnemonic: 'push', opSize: 8, operands: [register(5, 8)] });
    expect(decoded('41 55').operands).toEqual([register(13, 8)]);
    expect(decoded('66 55')).toMatchObject({ opSize: 2, operands: [register(5, 2)] });
    expect(decoded('66 68 34 12')).toMatchObject({ opSize: 2, length: 4 });
    expect(memory('ff 30').size).toBe(8);
  });

  test('of near branches is 8 even with 66', () => {
    expect(decoded('66 e8 00 01 00 00')).toMatchObject({ mnemonic: 'call', opSize: 8, length: 6 });
    expect(decoded('ff d0')).toMatchObject({ mnemonic: 'call', opSize: 8, operands: [register(0, 8)] });
  });

  test('chooses the name in the families of cbw and cwd', () => {
    expect(['66 98', '98', '48 98'].map((hex) => decoded(hex).mnemonic)).toEqual(['cbw', 'cwde', 'cdqe']);
    expect(['66 99', '99', '48 99'].map((hex) => decoded(hex).mnemonic)).toEqual(['cwd', 'cdq', 'cqo']);
  });

  test('is not changed by a 66 that is part of the opcode', () => {
    expect(decoded('66 0f 6e c0')).toMatchObject({
      mnemonic: 'movd',
      operands: [{ kind: 'xmm' }, register(0, 4)],
    });
    expect(decoded('66 48 0f 6e c0').mnemonic).toBe('movq');
  });
});

describe('prefixes', () => {
  test('REX counts only right before the opcode', () => {
    expect(decoded('48 66 01 d8').opSize).toBe(2);
    expect(decoded('4f 66 01 d8').operands).toEqual([register(0, 2), register(3, 2)]);
  });

  test('any REX turns ah ch dh bh into spl bpl sil dil', () => {
    expect(decoded('88 e0').operands[1]).toEqual({ kind: 'reg', reg: 0, size: 1, high: true });
    expect(decoded('40 88 e0').operands[1]).toEqual(register(4, 1));
  });

  test('F2 and F3 choose the SSE instruction, the last of them wins, and both win over 66', () => {
    expect(
      ['0f 10 c1', '66 0f 10 c1', 'f3 0f 10 c1', 'f2 0f 10 c1'].map((hex) => decoded(hex).mnemonic),
    ).toEqual(['movups', 'movupd', 'movss', 'movsd']);
    expect(decoded('f2 66 f3 0f 10 c1').mnemonic).toBe('movss');
  });

  test('rep is told of string instructions only', () => {
    expect(decoded('f3 48 ab')).toMatchObject({ mnemonic: 'stos', rep: 0xf3, opSize: 8, operands: [] });
    expect(decoded('f2 ae')).toMatchObject({ mnemonic: 'scas', rep: 0xf2, opSize: 1 });
    expect(decoded('f3 c3')).toMatchObject({ mnemonic: 'ret', rep: 0 });
    expect(decoded('f2 e9 00 00 00 00')).toMatchObject({ mnemonic: 'jmp', rep: 0 });
  });

  test('LOCK is for certain instructions on memory', () => {
    expect(decoded('f0 48 0f b1 11')).toMatchObject({ mnemonic: 'cmpxchg', lock: true });
    expect(decoded('f0 87 01').lock).toBe(true);
    expect(refused('f0 01 d8')).toBe(true);
    expect(refused('f0 39 01')).toBe(true);
    expect(refused('f0 03 01')).toBe(true);
    expect(refused('f0 90')).toBe(true);
  });

  test('fs and gs are kept and the other segments ignored, wherever they stand', () => {
    expect(memory('65 48 8b 04 25 30 00 00 00')).toMatchObject({
      segment: 'gs',
      base: -1,
      index: -1,
      disp: 0x30,
    });
    expect(memory('64 2e 8b 00').segment).toBe('fs');
    expect(memory('2e 8b 00').segment).toBeUndefined();
    expect(decoded('65 a4')).toMatchObject({ mnemonic: 'movs', segment: 'gs' });
    expect(memory('65 48 8d 00').segment).toBeUndefined();
  });

  test('67 makes the address 32 bits wide', () => {
    expect(memory('67 8b 00').address32).toBe(true);
    expect(decoded('67 e3 00')).toMatchObject({ mnemonic: 'jrcxz', address32: true });
    expect(memory('67 8b 05 00 00 00 00').disp).toBe(0x4000_1007);
  });
});

describe('a memory operand', () => {
  test('has base, index, scale and a signed displacement', () => {
    expect(memory('4a 8b 44 a3 f8')).toEqual({
      kind: 'mem',
      base: 3,
      index: 12,
      scale: 4,
      disp: -8,
      segment: undefined,
      size: 8,
      address32: false,
    });
  });

  test('knows the special places of rsp, rbp, r12 and r13', () => {
    expect(memory('8b 04 24')).toMatchObject({ base: 4, index: -1, disp: 0 });
    expect(memory('41 8b 04 24')).toMatchObject({ base: 12, index: -1 });
    expect(memory('41 8b 45 00')).toMatchObject({ base: 13, disp: 0 });
    expect(memory('8b 04 8d 10 00 00 00')).toMatchObject({ base: -1, index: 1, scale: 4, disp: 16 });
  });

  test('relative to rip has the address itself, counted from behind the immediate', () => {
    expect(memory('48 8b 05 f9 ff ff ff')).toMatchObject({ base: -1, index: -1, disp: ADDRESS });
    expect(memory('c7 05 00 00 00 00 01 02 03 04').disp).toBe(ADDRESS + 10);
  });

  test('of moffs is 64 bits wide, or 32 with 67', () => {
    expect(memory('a1 88 77 66 55 44 33 00 00')).toMatchObject({ disp: 0x3344_5566_7788, size: 4 });
    expect(memory('65 48 a1 f8 ff ff ff ff ff ff ff')).toMatchObject({ disp: -8, segment: 'gs' });
    expect(decoded('67 a0 00 00 00 80')).toMatchObject({ length: 6, operands: [{}, { disp: 0x8000_0000 }] });
  });

  test('tells the bytes accessed, not those of the register', () => {
    expect(memory('0f b6 00').size).toBe(1);
    expect(memory('48 63 00').size).toBe(4);
    expect(memory('f2 0f 10 00').size).toBe(8);
    expect(memory('66 0f 3a 14 00 01').size).toBe(1);
    expect(memory('66 0f 38 20 00').size).toBe(8);
    expect(memory('db 28').size).toBe(10);
    expect(memory('48 0f c7 08').size).toBe(16);
    expect(memory('48 8d 00').size).toBe(0);
    expect(memory('0f ae 00').size).toBe(512);
  });
});

describe('an immediate', () => {
  test('is sign-extended where the CPU does it', () => {
    expect(immediate('48 83 c0 ff')).toBe(-1n);
    expect(immediate('48 05 00 00 00 80')).toBe(-0x8000_0000n);
    expect(immediate('6a 80')).toBe(-128n);
    expect(immediate('48 b8 ff ff ff ff ff ff ff 7f')).toBe(0x7fff_ffff_ffff_ffffn);
    expect(immediate('48 b8 00 00 00 00 00 00 00 80')).toBe(-0x8000_0000_0000_0000n);
    expect(immediate('48 b8 fe ff ff ff ff ff ff ff')).toBe(-2n);
    expect(immediate('b8 ff ff ff ff')).toBe(-1n);
  });

  test('that is a count, a selector or a size is unsigned', () => {
    expect(immediate('66 0f 70 c0 e4')).toBe(0xe4n);
    expect(immediate('c1 e0 ff')).toBe(0xffn);
    expect(immediate('c2 f0 ff')).toBe(0xfff0n);
    expect(immediate('cd 80')).toBe(0x80n);
  });

  test('of the shifts by one is one', () => {
    expect(immediate('d1 e0')).toBe(1n);
  });
});

describe('branches', () => {
  test('count from the next instruction', () => {
    expect(decoded('eb fe').operands).toEqual([{ kind: 'target', address: ADDRESS }]);
    expect(decoded('e8 00 01 00 00').operands).toEqual([{ kind: 'target', address: ADDRESS + 0x105 }]);
  });

  test('and sets and moves on a condition tell it', () => {
    expect(decoded('75 00')).toMatchObject({ mnemonic: 'jcc', condition: 5 });
    expect(decoded('0f 8f 00 00 00 00')).toMatchObject({ mnemonic: 'jcc', condition: 15, length: 6 });
    expect(decoded('0f 94 c0')).toMatchObject({ mnemonic: 'setcc', condition: 4, opSize: 1 });
    expect(decoded('48 0f 42 c1')).toMatchObject({ mnemonic: 'cmovcc', condition: 2 });
    expect(decoded('eb 00').condition).toBe(-1);
  });
});

describe('the encodings that are easily confused', () => {
  test('of opcode 90', () => {
    expect(decoded('90').mnemonic).toBe('nop');
    expect(decoded('48 90').mnemonic).toBe('nop');
    expect(decoded('f3 90').mnemonic).toBe('pause');
    expect(decoded('41 90')).toMatchObject({ mnemonic: 'xchg', operands: [register(8, 4), register(0, 4)] });
    expect(decoded('f3 41 90').mnemonic).toBe('xchg');
  });

  test('of register and memory forms', () => {
    expect(decoded('0f 12 c1').mnemonic).toBe('movhlps');
    expect(decoded('0f 12 01').mnemonic).toBe('movlps');
    expect(decoded('0f ae f0').mnemonic).toBe('mfence');
    expect(decoded('0f ae 30').mnemonic).toBe('xsaveopt');
    expect(refused('8d c0')).toBe(true);
    expect(refused('0f e7 c0')).toBe(true);
  });

  test('of MMX and SSE, which share names', () => {
    expect(decoded('0f fc c1')).toMatchObject({
      mnemonic: 'paddb',
      operands: [{ kind: 'mm' }, { kind: 'mm' }],
    });
    expect(decoded('66 44 0f fc c1')).toMatchObject({
      mnemonic: 'paddb',
      operands: [{ kind: 'xmm', reg: 8 }, {}],
    });
    expect(decoded('44 0f fc c1').operands[0]).toEqual({ kind: 'mm', reg: 0 });
  });

  test('of F3 0F BC, BD, B8 against bsf, bsr and nothing', () => {
    expect(decoded('f3 0f bc c1').mnemonic).toBe('tzcnt');
    expect(decoded('0f bc c1').mnemonic).toBe('bsf');
    expect(decoded('66 f3 0f b8 c1')).toMatchObject({ mnemonic: 'popcnt', opSize: 2 });
    expect(refused('0f b8 c1')).toBe(true);
  });

  test('of the hint space, where what is not offered is a nop', () => {
    expect(decoded('f3 0f 1e fa').mnemonic).toBe('endbr64');
    expect(decoded('f3 48 0f 1e c8').mnemonic).toBe('nop');
    expect(decoded('66 2e 0f 1f 84 00 00 00 00 00')).toMatchObject({ mnemonic: 'nop', length: 10 });
  });

  test('of x87, whose reversed subtractions swap with the destination', () => {
    const st = (reg: number) => ({ kind: 'st', reg });
    expect(decoded('d8 e1')).toMatchObject({ mnemonic: 'fsub', operands: [st(0), st(1)] });
    expect(decoded('dc e1')).toMatchObject({ mnemonic: 'fsubr', operands: [st(1), st(0)] });
    expect(decoded('de e9')).toMatchObject({ mnemonic: 'fsubp', operands: [st(1), st(0)] });
    expect(decoded('df e0')).toMatchObject({ mnemonic: 'fnstsw', operands: [register(0, 2)] });
    expect(decoded('dc 44 24 08').opcodeBits).toBe(0x444);
  });

  test('of VEX: BMI exists, AVX does not', () => {
    expect(decoded('c4 e2 f0 f2 c2')).toMatchObject({
      mnemonic: 'andn',
      opSize: 8,
      operands: [register(0, 8), register(1, 8), register(2, 8)],
    });
    expect(decoded('c4 e3 7b f0 c1 05')).toMatchObject({ mnemonic: 'rorx', opSize: 4 });
    expect(refused('c5 f8 58 c1')).toBe(true);
    expect(refused('62 f1 7c 48 58 c1')).toBe(true);
    expect(refused('66 c4 e2 f0 f2 c2')).toBe(true);
  });

  test('of what long mode took away', () => {
    for (const hex of ['06', '27', '37', '60', '62 00', '82 c0 00', '9a', 'c4 00', 'd4 0a', 'd6', 'ea']) {
      expect(
        decode(bytesOf(`${hex} 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`), 0, ADDRESS),
      ).toBeUndefined();
    }
  });
});

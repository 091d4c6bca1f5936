import type { Cursor } from './cursor.ts';
import type {
  FileOperand,
  ImmediateOperand,
  IntegerSize,
  Operand,
  RegisterOperand,
  TargetOperand,
} from './instruction.ts';
import { type OperandSpec, PLACE, SIZE } from './opcode-map.ts';

// Operands without data of their own are made once and shared.
const REGISTERS: Record<IntegerSize, RegisterOperand[]> = {
  1: registers(1),
  2: registers(2),
  4: registers(4),
  8: registers(8),
};
const HIGH_BYTES = Array.from(
  { length: 4 },
  (_, reg): RegisterOperand => ({ kind: 'reg', reg, size: 1, high: true }),
);
const XMM = file('xmm', 16);
const MM = file('mm', 8);
const ST = file('st', 8);
const SEGMENTS = file('seg', 6);
const CONTROL = file('control', 16);
const DEBUG = file('debug', 8);
const SMALLEST = -128;
const SMALL_IMMEDIATES = Array.from(
  { length: 384 },
  (_, index): ImmediateOperand => ({ kind: 'imm', value: BigInt(index + SMALLEST) }),
);

const CS = 1;
const FS = 4;
const GS = 5;
const CX = 1;
const DX = 2;
const CONTROL_REGISTERS: ReadonlySet<number> = new Set([0, 2, 3, 4, 8]);

function registers(size: IntegerSize): RegisterOperand[] {
  return Array.from({ length: 16 }, (_, reg): RegisterOperand => ({ kind: 'reg', reg, size, high: false }));
}

function file(kind: FileOperand['kind'], count: number): FileOperand[] {
  return Array.from({ length: count }, (_, reg): FileOperand => ({ kind, reg }));
}

function bytesOf(cursor: Cursor, size: number): number {
  switch (size) {
    case SIZE.v:
      return cursor.opSize;
    case SIZE.z:
      return Math.min(cursor.opSize, 4);
    case SIZE.y:
      return cursor.rexW ? 8 : 4;
    case SIZE.p:
      return cursor.rexW ? 16 : 8;
    case SIZE.f:
      return cursor.opSize + 2;
    case SIZE.e:
      return cursor.opSize === 2 ? 14 : 28;
    case SIZE.s:
      return cursor.opSize === 2 ? 94 : 108;
    default:
      return size;
  }
}

function register(cursor: Cursor, reg: number, size: number): RegisterOperand {
  const bytes = bytesOf(cursor, size) as IntegerSize;
  if (bytes === 1 && reg >= 4 && reg < 8 && cursor.rex === 0) return HIGH_BYTES[reg - 4]!;
  return REGISTERS[bytes][reg]!;
}

function memory(cursor: Cursor, size: number): Operand | undefined {
  if (cursor.memory !== undefined) cursor.memory.size = bytesOf(cursor, size);
  return cursor.memory;
}

function address(cursor: Cursor): Operand | undefined {
  if (cursor.memory !== undefined) cursor.memory.segment = undefined;
  return cursor.memory;
}

function immediate(value: number): ImmediateOperand {
  return SMALL_IMMEDIATES[value - SMALLEST] ?? { kind: 'imm', value: BigInt(value) };
}

function signedImmediate(cursor: Cursor, size: number): ImmediateOperand {
  switch (bytesOf(cursor, size)) {
    case 1:
      return immediate(cursor.i8());
    case 2:
      return immediate(cursor.i16());
    case 4:
      return immediate(cursor.i32());
    default: {
      const low = cursor.i32();
      const high = cursor.i32();
      if (high === low >> 31) return immediate(low);
      return { kind: 'imm', value: (BigInt(high) << 32n) | BigInt(low >>> 0) };
    }
  }
}

/** The displacement counts from the next instruction; the target is always the last thing in an instruction. */
function target(cursor: Cursor, size: number, start: number): TargetOperand {
  const displacement = size === 1 ? cursor.i8() : cursor.i32();
  return { kind: 'target', address: start + (cursor.at - cursor.start) + displacement };
}

function absolute(cursor: Cursor, size: number): Operand {
  const low = cursor.i32() >>> 0;
  const disp = cursor.has67 ? low : cursor.i32() * 0x1_0000_0000 + low;
  const { segment, has67: address32 } = cursor;
  return {
    kind: 'mem',
    base: -1,
    index: -1,
    scale: 1,
    disp,
    segment,
    size: bytesOf(cursor, size),
    address32,
  };
}

/** es to gs; cs can be read but not loaded. */
function segmentRegister(cursor: Cursor, isDestination: boolean): Operand | undefined {
  const reg = (cursor.modrm >> 3) & 7;
  return reg === CS && isDestination ? undefined : SEGMENTS[reg];
}

/** The operand a row asks for, or undefined if the encoding does not exist. `start` is the instruction's address. */
export function operand(
  cursor: Cursor,
  spec: OperandSpec,
  position: number,
  start: number,
): Operand | undefined {
  const isRegister = cursor.memory === undefined;
  switch (spec.place) {
    case PLACE.E:
      return isRegister ? register(cursor, cursor.rm, spec.size) : memory(cursor, spec.memorySize);
    case PLACE.R:
      return isRegister ? register(cursor, cursor.rm, spec.size) : undefined;
    case PLACE.G:
      return register(cursor, cursor.reg, spec.size);
    case PLACE.B:
      return register(cursor, cursor.vvvv, spec.size);
    case PLACE.Z:
      return register(cursor, (cursor.opcode & 7) | ((cursor.rex & 1) << 3), spec.size);
    case PLACE.M:
      return memory(cursor, spec.memorySize);
    case PLACE.A:
      return address(cursor);
    case PLACE.V:
      return XMM[cursor.reg];
    case PLACE.W:
      return isRegister ? XMM[cursor.rm] : memory(cursor, spec.memorySize);
    case PLACE.U:
      return isRegister ? XMM[cursor.rm] : undefined;
    case PLACE.P:
      return MM[cursor.reg & 7];
    case PLACE.Q:
      return isRegister ? MM[cursor.modrm & 7] : memory(cursor, spec.memorySize);
    case PLACE.N:
      return isRegister ? MM[cursor.modrm & 7] : undefined;
    case PLACE.I:
      return signedImmediate(cursor, spec.size);
    case PLACE.u:
      return immediate(spec.size === 1 ? cursor.u8() : cursor.u16());
    case PLACE.J:
      return target(cursor, spec.size, start);
    case PLACE.O:
      return absolute(cursor, spec.size);
    case PLACE.S:
      return segmentRegister(cursor, position === 0);
    case PLACE.C:
      return CONTROL_REGISTERS.has(cursor.reg) ? CONTROL[cursor.reg] : undefined;
    case PLACE.D:
      return DEBUG[cursor.reg];
    case PLACE.ST:
      return ST[0];
    case PLACE.STi:
      return ST[cursor.modrm & 7];
    case PLACE.rA:
      return REGISTERS[bytesOf(cursor, spec.size) as IntegerSize][0];
    case PLACE.CL:
      return REGISTERS[1][CX];
    case PLACE.DX:
      return REGISTERS[2][DX];
    case PLACE.FS:
      return SEGMENTS[FS];
    case PLACE.GS:
      return SEGMENTS[GS];
    default:
      return immediate(1);
  }
}

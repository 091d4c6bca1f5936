import { Cursor } from './cursor.ts';
import type { Instruction, IntegerSize, Operand } from './instruction.ts';
import { OPCODE_90_REX_B, OpcodeMap, SIZE_RULE, type Template } from './opcode-map.ts';
import { operand } from './operands.ts';
import { ONE_BYTE } from './tables/one-byte.ts';
import { SSE } from './tables/sse.ts';
import { MAP_0F3A, MAP_0F38 } from './tables/three-byte.ts';
import { TWO_BYTE } from './tables/two-byte.ts';
import { VEX_0F3A, VEX_0F38 } from './tables/vex.ts';
import { X87 } from './tables/x87.ts';

const MAP = new OpcodeMap(ONE_BYTE, X87);
const MAP_0F = new OpcodeMap(TWO_BYTE, SSE);
// Of these most programs use none.
let map38: OpcodeMap | undefined;
let map3a: OpcodeMap | undefined;
let vex38: OpcodeMap | undefined;
let vex3a: OpcodeMap | undefined;

const NO_OPERANDS: readonly Operand[] = [];
const cursor = new Cursor();

/**
 * The instruction whose first byte is `bytes[offset]`, at guest `address`, in 64-bit mode. `undefined`: there is no such
 * instruction (#UD). `'truncated'`: it goes on behind the bytes given; 15 bytes always suffice.
 */
export function decode(
  bytes: Uint8Array,
  offset: number,
  address: number,
): Instruction | undefined | 'truncated' {
  cursor.begin(bytes, offset);
  const template = find(prefixes());
  if (template === undefined) return cursor.failure();
  cursor.opSize = operandSize(template);
  if (template.modrm && cursor.modrm < 0xc0 && !template.anyMod) effectiveAddress();
  const operands = readOperands(template, address);
  if (operands === undefined || cursor.at > cursor.end) return cursor.failure();
  if (cursor.hasLock && !(template.lockable && operands[0]!.kind === 'mem')) return undefined;
  const length = cursor.at - offset;
  const next = address + length;
  if (cursor.ripRelative) makeAbsolute(next);
  return {
    address,
    length,
    next,
    mnemonic: template.names[cursor.opSize === 8 ? 2 : cursor.opSize === 2 ? 0 : 1],
    condition: template.conditional ? cursor.opcode & 15 : -1,
    opSize: cursor.opSize,
    operands,
    lock: cursor.hasLock,
    rep: template.repeats ? cursor.repeat : 0,
    segment: cursor.segment,
    opcodeBits: (cursor.opcode & 0xf8) === 0xd8 ? ((cursor.opcode & 7) << 8) | cursor.modrm : 0,
    address32: cursor.has67,
  };
}

/** Reads the prefixes and gives the byte behind them. REX counts only right before the opcode. */
function prefixes(): number {
  for (;;) {
    const byte = cursor.u8();
    switch (byte) {
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
        break;
      case 0x64:
        cursor.segment = 'fs';
        break;
      case 0x65:
        cursor.segment = 'gs';
        break;
      case 0x66:
        cursor.has66 = true;
        break;
      case 0x67:
        cursor.has67 = true;
        break;
      case 0xf0:
        cursor.hasLock = true;
        break;
      case 0xf2:
      case 0xf3:
        cursor.repeat = byte;
        break;
      default:
        if ((byte & 0xf0) !== 0x40) return byte;
        cursor.rex = byte;
        continue;
    }
    cursor.rex = 0;
  }
}

function find(byte: number): Template | undefined {
  switch (byte) {
    case 0x0f:
      return findIn0f(cursor.u8());
    case 0xc4:
      return findInVex();
    case 0x90:
      return lookUp(MAP, (cursor.rex & 1) !== 0 ? OPCODE_90_REX_B : byte);
    default:
      return lookUp(MAP, byte);
  }
}

function findIn0f(byte: number): Template | undefined {
  if (byte === 0x38) return lookUp((map38 ??= new OpcodeMap(MAP_0F38)), cursor.u8());
  if (byte === 0x3a) return lookUp((map3a ??= new OpcodeMap(MAP_0F3A)), cursor.u8());
  return lookUp(MAP_0F, byte);
}

const VEX_COLUMN_PREFIX = [
  { has66: false, repeat: 0 },
  { has66: true, repeat: 0 },
  { has66: false, repeat: 0xf3 },
  { has66: false, repeat: 0xf2 },
] as const;

/** The three-byte VEX prefix; the two-byte one can only name instructions of AVX. */
function findInVex(): Template | undefined {
  if (cursor.rex !== 0 || cursor.has66 || cursor.hasLock || cursor.repeat !== 0) return undefined;
  const first = cursor.u8();
  const second = cursor.u8();
  const prefix = VEX_COLUMN_PREFIX[second & 3]!;
  cursor.has66 = prefix.has66;
  cursor.repeat = prefix.repeat;
  cursor.rex = 0x40 | ((second & 0x80) >> 4) | ((~first & 0xe0) >> 5);
  cursor.vvvv = (~second >> 3) & 15;
  const map = vexMap(first & 0x1f);
  const isLong = (second & 4) !== 0;
  if (map === undefined || isLong) return undefined;
  const template = lookUp(map, cursor.u8());
  return template === undefined || template.usesVvvv || cursor.vvvv === 0 ? template : undefined;
}

function vexMap(number: number): OpcodeMap | undefined {
  if (number === 2) return (vex38 ??= new OpcodeMap(VEX_0F38));
  return number === 3 ? (vex3a ??= new OpcodeMap(VEX_0F3A)) : undefined;
}

/** Also reads ModRM if the instruction has one. */
function lookUp(map: OpcodeMap, opcode: number): Template | undefined {
  cursor.opcode = opcode;
  const slot = map.slot(opcode);
  if (slot === undefined) return undefined;
  const column = cursor.repeat === 0xf3 ? 2 : cursor.repeat === 0xf2 ? 3 : cursor.has66 ? 1 : 0;
  const encodings = slot[column];
  if (encodings === undefined) return undefined;
  const only = encodings.only;
  if (only !== undefined) {
    if (only.modrm) cursor.modrm = cursor.u8();
    return only;
  }
  const modrm = (cursor.modrm = cursor.u8());
  return modrm < 0xc0 ? encodings.memory[(modrm >> 3) & 7] : encodings.register[modrm & 0x3f];
}

function operandSize(template: Template): IntegerSize {
  const small = cursor.has66 && !template.takes66;
  switch (template.sizeRule) {
    case SIZE_RULE.byte:
      return 1;
    case SIZE_RULE.force64:
      return 8;
    case SIZE_RULE.default64:
      return small && !cursor.rexW ? 2 : 8;
    case SIZE_RULE.atMost4:
      return small && !cursor.rexW ? 2 : 4;
    default:
      return cursor.rexW ? 8 : small ? 2 : 4;
  }
}

/** Makes the memory operand out of ModRM, SIB and displacement. */
function effectiveAddress(): void {
  const mod = cursor.modrm >> 6;
  let base = cursor.rm;
  let index = -1;
  let scale: IntegerSize = 1;
  if ((base & 7) === 4) {
    const sib = cursor.u8();
    base = (sib & 7) | ((cursor.rex & 1) << 3);
    index = ((sib >> 3) & 7) | ((cursor.rex & 2) << 2);
    if (index === 4) index = -1;
    else scale = (1 << (sib >> 6)) as IntegerSize;
    if (mod === 0 && (base & 7) === 5) base = -1;
  } else if (mod === 0 && (base & 7) === 5) {
    base = -1;
    cursor.ripRelative = true;
  }
  const disp = mod === 1 ? cursor.i8() : mod === 2 || base === -1 ? cursor.i32() : 0;
  const { segment, has67: address32 } = cursor;
  cursor.memory = { kind: 'mem', base, index, scale, disp, segment, size: 0, address32 };
}

function makeAbsolute(next: number): void {
  const memory = cursor.memory!;
  memory.disp = cursor.has67 ? (memory.disp + next) >>> 0 : memory.disp + next;
}

function readOperands(template: Template, address: number): readonly Operand[] | undefined {
  const specs = template.operands;
  if (specs.length === 0) return NO_OPERANDS;
  const operands = new Array<Operand>(specs.length);
  for (let index = 0; index < specs.length; index++) {
    const made = operand(cursor, specs[index]!, index, address);
    if (made === undefined) return undefined;
    operands[index] = made;
  }
  return operands;
}

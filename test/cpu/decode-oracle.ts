import {
  Code,
  ConditionCode,
  Decoder,
  DecoderOptions,
  EncodingKind,
  Instruction as IcedInstruction,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register,
} from 'iced-x86';
import { decode } from '../../src/cpu/decode/decode.ts';
import type { Instruction, MemoryOperand, Operand } from '../../src/cpu/decode/instruction.ts';
import { REFUSED, VEX_DECODED } from './decode-refused.ts';

/** iced's names that are one name with us. String instructions lose their size letter besides. */
const ALIASES: Record<string, string> = {
  sal: 'shl',
  xlatb: 'xlat',
  wait: 'fwait',
  jecxz: 'jrcxz',
  iretd: 'iret',
  iretq: 'iret',
  pushfq: 'pushf',
  popfq: 'popf',
  wbnoinvd: 'wbinvd',
  pcmpestrm64: 'pcmpestrm',
  pcmpestri64: 'pcmpestri',
  sysretq: 'sysret',
  sysexitq: 'sysexit',
};

/** Iced gives them a size; the contract's is 0. */
const SIZE_NOT_COMPARED: ReadonlySet<string> = new Set(
  (
    'lea prefetch prefetchw prefetchnta prefetcht0 prefetcht1 prefetcht2 xsave xsave64 xrstor xrstor64 xsaveopt ' +
    'xsaveopt64 xsavec xsavec64 xsaves xsaves64 xrstors xrstors64'
  ).split(' '),
);
/** What they list as operands we call implicit, or nobody's. */
const OPERANDS_NOT_COMPARED: ReadonlySet<string> = new Set(['nop', 'xlat']);
/** Instructions whose first operand has the operand size. */
const SIZED: ReadonlySet<string> = new Set(
  (
    'add or adc sbb and sub xor cmp test mov xchg inc dec not neg mul imul div idiv rol ror rcl rcr shl shr sar movzx ' +
    'movsx movsxd cmovcc setcc bt bts btr btc shld shrd bswap xadd cmpxchg popcnt bsf bsr lzcnt tzcnt andn bextr mulx'
  ).split(' '),
);
const SIZE_LETTERS: Record<string, number> = { b: 1, w: 2, d: 4, q: 8 };

const REGISTER_NAMES = ['a', 'c', 'd', 'b', 'sp', 'bp', 'si', 'di'];
const HIGH = ['ah', 'ch', 'dh', 'bh'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

function registerName(reg: number, size: number): string {
  if (reg >= 8) return `r${reg}${{ 1: 'l', 2: 'w', 4: 'd', 8: '' }[size]}`;
  const name = REGISTER_NAMES[reg]!;
  if (size === 1) return `${name}l`;
  const word = reg < 4 ? `${name}x` : name;
  return { 2: '', 4: 'e', 8: 'r' }[size] + word;
}

function memoryText(memory: MemoryOperand, name: string): string {
  const size = memory.address32 ? 4 : 8;
  const base = memory.base < 0 ? '' : registerName(memory.base, size);
  const index = memory.index < 0 ? '' : `${registerName(memory.index, size)}*${memory.scale}`;
  const disp = memory.base < 0 && memory.index < 0 && memory.address32 ? memory.disp >>> 0 : memory.disp;
  const bytes = SIZE_NOT_COMPARED.has(name) ? '' : memory.size;
  return `${memory.segment ?? ''}:[${base} ${index} ${disp}]${bytes}`;
}

function operandText(operand: Operand, name: string): string {
  switch (operand.kind) {
    case 'reg':
      return operand.high ? HIGH[operand.reg]! : registerName(operand.reg, operand.size);
    case 'mem':
      return memoryText(operand, name);
    case 'imm':
      return `${operand.value}`;
    case 'target':
      return `${BigInt.asUintN(64, BigInt(operand.address))}`;
    case 'seg':
      return SEGMENTS[operand.reg]!;
    case 'control':
      return `cr${operand.reg}`;
    case 'debug':
      return `dr${operand.reg}`;
    default:
      return `${operand.kind}${operand.reg}`;
  }
}

function icedMemoryText(iced: IcedInstruction, name: string): string {
  const isIp = iced.memoryBase === Register.RIP || iced.memoryBase === Register.EIP;
  const base = isIp || iced.memoryBase === Register.None ? '' : Register[iced.memoryBase]!.toLowerCase();
  const index =
    iced.memoryIndex === Register.None
      ? ''
      : `${Register[iced.memoryIndex]!.toLowerCase()}*${iced.memoryIndexScale}`;
  const hasSegment = iced.memorySegment === Register.FS || iced.memorySegment === Register.GS;
  const segment = hasSegment && name !== 'lea' ? Register[iced.memorySegment]!.toLowerCase() : '';
  const narrow = base.startsWith('e') || base.endsWith('d') || index.startsWith('e') || index.includes('d*');
  const disp = narrow ? BigInt.asIntN(32, iced.memoryDisplacement) : iced.memoryDisplacement;
  const bytes = SIZE_NOT_COMPARED.has(name) ? '' : MemorySizeExt.size(iced.memorySize);
  return `${segment}:[${base} ${index} ${Number(BigInt.asIntN(64, disp))}]${bytes}`;
}

function icedOperandText(
  iced: IcedInstruction,
  index: number,
  name: string,
  ours: Operand | undefined,
): string {
  switch (iced.opKind(index)) {
    case OpKind.Register:
      return Register[iced.opRegister(index)]!.toLowerCase();
    case OpKind.NearBranch64:
      return `${iced.nearBranchTarget}`;
    case OpKind.Memory:
      return icedMemoryText(iced, name);
    case OpKind.Immediate8:
    case OpKind.Immediate8_2nd:
      return plainImmediate(iced.immediate(index), 8, ours);
    case OpKind.Immediate16:
      return plainImmediate(iced.immediate(index), 16, ours);
    case OpKind.Immediate32:
      return plainImmediate(iced.immediate(index), 32, ours);
    default:
      return `${BigInt.asIntN(64, iced.immediate(index))}`;
  }
}

/** An immediate as wide as its operand: iced does not say whether it is signed, so the sign is ours. */
function plainImmediate(value: bigint, bits: number, ours: Operand | undefined): string {
  const isNegative = ours?.kind === 'imm' && ours.value < 0n;
  return `${isNegative ? BigInt.asIntN(bits, value) : value}`;
}

function icedName(iced: IcedInstruction): string {
  const name = Mnemonic[iced.mnemonic]!.toLowerCase();
  if (iced.isStringInstruction) return name.slice(0, -1);
  if (iced.isCallFarIndirect) return 'callf';
  if (iced.isJmpFarIndirect) return 'jmpf';
  if (/^Reservednop|^Rdssp|^Cldemote|^Prefetchit/.test(Code[iced.code]!)) return 'nop';
  if (/^(Fneni|Fndisi|Fnsetpm)/.test(Code[iced.code]!)) return 'fnop';
  if (/^Prefetchreserved|^Prefetchwt1/.test(Code[iced.code]!)) return 'prefetch';
  if (iced.conditionCode !== ConditionCode.None) {
    const kind = /^(j|set|cmov)(?!rcxz|ecxz)/.exec(name);
    if (kind !== null) return `${kind[1]}cc`;
  }
  return ALIASES[name] ?? name;
}

/** Comparison of our decoder with iced-x86 over one buffer. */
export class Oracle {
  readonly #bytes: Uint8Array;
  readonly #decoder: Decoder;
  readonly #iced = new IcedInstruction();
  readonly #base: number;
  /** iced's names of what we refuse, met so far. */
  readonly refused = new Set<string>();
  /** Bytes of the last instruction as iced sees it. */
  length = 0;

  constructor(bytes: Uint8Array, base = 0x1_4000_1000) {
    this.#bytes = bytes;
    this.#base = base;
    this.#decoder = new Decoder(64, bytes, DecoderOptions.None);
  }

  /** A sentence on how the decoders differ on the instruction at `offset`, or undefined. */
  disagreement(offset: number): string | undefined {
    this.#decoder.position = offset;
    this.#decoder.ip = BigInt(this.#base + offset);
    const iced = this.#iced;
    this.#decoder.decodeOut(iced);
    this.length = iced.length;
    const ours = decode(this.#bytes, offset, this.#base + offset);
    const problem = this.#compare(ours);
    if (problem === undefined) return undefined;
    const bytes = Array.from(this.#bytes.subarray(offset, offset + 15), (byte) =>
      byte.toString(16).padStart(2, '0'),
    );
    return `${bytes.join(' ')}: ${problem}`;
  }

  #compare(ours: Instruction | undefined | 'truncated'): string | undefined {
    const iced = this.#iced;
    if (iced.isInvalid)
      return typeof ours === 'object' ? `iced refuses, we decode ${ours.mnemonic}` : undefined;
    const name = icedName(iced);
    if (ours === 'truncated') return `iced decodes ${name}, we want more bytes`;
    const isListed = iced.encoding === EncodingKind.Legacy ? !REFUSED.has(name) : VEX_DECODED.has(name);
    if (ours === undefined) {
      this.refused.add(name);
      return isListed ? `iced decodes ${name}, we refuse` : undefined;
    }
    if (!isListed) return `we decode ${name}, which is among the refused`;
    if (isPauseWithRexB(iced, ours)) return undefined;
    if (ours.length !== iced.length) return `length ${ours.length}, iced says ${iced.length} (${name})`;
    const left = ourText(ours);
    const right = icedText(iced, name, ours);
    return left === right ? undefined : `"${left}", iced says "${right}"`;
  }
}

/** The one difference we keep: F3 41 90 exchanges on a CPU. */
function isPauseWithRexB(iced: IcedInstruction, ours: Instruction): boolean {
  return iced.mnemonic === Mnemonic.Pause && ours.mnemonic === 'xchg';
}

function ourText(ours: Instruction): string {
  const { mnemonic, condition, rep } = ours;
  const operands = OPERANDS_NOT_COMPARED.has(mnemonic)
    ? ''
    : ours.operands.map((operand) => operandText(operand, mnemonic)).join(', ');
  return `${ours.lock ? 'lock ' : ''}${rep} ${mnemonic} ${condition} ${operands} ${ours.segment ?? ''} ${ours.opSize}`;
}

function icedText(iced: IcedInstruction, name: string, ours: Instruction): string {
  const operands: string[] = [];
  for (let index = 0; index < iced.opCount; index++) {
    const kind = iced.opKind(index);
    const isImplicit = kind >= OpKind.MemorySegSI && kind <= OpKind.MemoryESRDI;
    if (isImplicit && /E[SD]I$/.test(OpKind[kind]!) !== ours.address32) return 'another address size';
    if (isImplicit || iced.isStringInstruction || OPERANDS_NOT_COMPARED.has(name)) continue;
    operands.push(icedOperandText(iced, index, name, ours.operands[index]));
  }
  const condition = name.endsWith('cc') ? iced.conditionCode - 1 : -1;
  const hasSegment = iced.segmentPrefix === Register.FS || iced.segmentPrefix === Register.GS;
  const segment = hasSegment ? Register[iced.segmentPrefix]!.toLowerCase() : '';
  const size = icedOperandSize(iced, ours) ?? ours.opSize;
  const lock = iced.hasLockPrefix ? 'lock ' : '';
  return `${lock}${icedRepeat(iced, ours)} ${name} ${condition} ${operands.join(', ')} ${segment} ${size}`;
}

function icedRepeat(iced: IcedInstruction, ours: Instruction): number {
  if (!iced.isStringInstruction) return 0;
  // With both prefixes iced keeps both; the last one counts.
  if (iced.hasRepePrefix && iced.hasRepnePrefix) return ours.rep;
  return iced.hasRepePrefix ? 0xf3 : iced.hasRepnePrefix ? 0xf2 : 0;
}

/** The operand size where iced's names or operands show it. */
function icedOperandSize(iced: IcedInstruction, ours: Instruction): number | undefined {
  if (iced.isStringInstruction) return SIZE_LETTERS[Mnemonic[iced.mnemonic]!.slice(-1)];
  const letter = /^(?:Retf|Enter|Leave|Iret|Pushf?|Popf?)([wdq])(?:_|$)/.exec(Code[iced.code]!);
  if (letter !== null) return SIZE_LETTERS[letter[1]!];
  const first = ours.operands[0];
  const isInteger = ours.operands.every(({ kind }) => kind === 'reg' || kind === 'mem' || kind === 'imm');
  const isSized = SIZED.has(ours.mnemonic) && isInteger && (first?.kind === 'reg' || first?.kind === 'mem');
  return isSized ? first.size : undefined;
}

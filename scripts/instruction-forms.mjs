// Instances of a Code for the instruction tests: the same instruction with other registers, addressings, immediates
// and prefixes, by a generator seeded with the Code's name.
import {
  Code,
  CodeExt,
  Decoder,
  Encoder,
  Instruction,
  MemorySize,
  MemorySizeExt,
  Mnemonic,
  OpCodeOperandKind,
  OpKind,
  Register,
  RflagsBits,
} from 'iced-x86';

/** The guest's memory, as test/guest/instructions/harness.c lays it out. */
export const LAYOUT = {
  /** The operand is within the middle half of the window, in whose middle a page ends. */
  window: 0x20008e00,
  windowBytes: 0x400,
  code: 0x22000000,
};

/** What values registers and operands take; as in harness.c. */
const VALUES = { integer: 0, single: 1, double: 2, extended: 3, decimal: 4, text: 5 };

/** Rules of preparation and comparison; as in harness.c. */
export const RULES = {
  none: 0,
  shift: 1,
  divide: 2,
  bitOffset: 3,
  string: 4,
  equal: 5,
  equalPair: 6,
  indirect: 7,
  return: 8,
  translate: 9,
  popFlags: 10,
  maskMove: 11,
  leave: 12,
  environment: 13,
  counter: 14,
  image: 15,
  loadMxcsr: 16,
  loadControl: 17,
  loadEnvironment: 18,
  loadImage: 19,
  stringLength: 20,
};

const FLAGS = [
  [RflagsBits.OF, 0x800],
  [RflagsBits.SF, 0x80],
  [RflagsBits.ZF, 0x40],
  [RflagsBits.AF, 0x10],
  [RflagsBits.CF, 0x01],
  [RflagsBits.PF, 0x04],
  // Condition codes of the x87 status word, in bits that rflags does not use.
  [RflagsBits.C0, 0x1000],
  [RflagsBits.C1, 0x8000],
  [RflagsBits.C2, 0x2000],
  [RflagsBits.C3, 0x4000],
];
const CF = 1;
const AF = 0x10;
const OF = 0x800;

const NO_REGISTER = 255;
const IMMEDIATES = [0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 127, 128, 255, 254, 0x5a];
const WIDE_IMMEDIATES = [0x7fff, 0x8000, 0xffff, 0x7fffffff, -0x80000000, 0x12345678, -2, -0x1000];

/** xorshift32 from a text. */
class Random {
  constructor(text) {
    this.state = 2166136261;
    for (const letter of text) this.state = Math.imul(this.state ^ letter.charCodeAt(0), 16777619);
    this.state |= 1;
    for (let i = 0; i < 4; i++) this.below(1);
  }
  below(limit) {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }
  pick(list) {
    return list[this.below(list.length)];
  }
}

const names = (text) => text.split(' ').map((name) => Register[name]);
const REGISTERS = {
  8: names('AL CL DL BL AH CH DH BH SPL BPL SIL DIL R8L R9L R10L R11L R12L R13L R14L R15L'),
  16: names('AX CX DX BX SP BP SI DI R8W R9W R10W R11W R12W R13W R14W R15W'),
  32: names('EAX ECX EDX EBX ESP EBP ESI EDI R8D R9D R10D R11D R12D R13D R14D R15D'),
  64: names('RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15'),
  xmm: Array.from({ length: 16 }, (_, i) => Register.XMM0 + i),
  /** Fewer than there are: six or seven are in use unless a run asks for stack faults. */
  st: Array.from({ length: 6 }, (_, i) => Register.ST0 + i),
};
const FIXED = { al: 'AL', cl: 'CL', ax: 'AX', dx: 'DX', eax: 'EAX', rax: 'RAX', st0: 'ST0' };
const IMPLICIT = {
  seg_rSI: OpKind.MemorySegRSI,
  es_rDI: OpKind.MemoryESRDI,
  seg_rDI: OpKind.MemorySegRDI,
};

/** The number of a general register's 64-bit form, 255 for none. */
function numberOf(register) {
  for (const size of [16, 32, 64]) {
    const index = REGISTERS[size].indexOf(register);
    if (index >= 0) return index;
  }
  return NO_REGISTER;
}

/** The number of an operand's general or xmm register. */
function registerOf(instruction, operand) {
  if (instruction.opCount <= operand || instruction.opKind(operand) !== OpKind.Register) return NO_REGISTER;
  const register = instruction.opRegister(operand);
  const xmm = REGISTERS.xmm.indexOf(register);
  return xmm >= 0 ? xmm : numberOf(register);
}

function operandKindsOf(code) {
  const info = CodeExt.opCode(code);
  const kinds = Array.from({ length: info.opCount }, (_, i) => OpCodeOperandKind[info.opKind(i)]);
  const result = {
    kinds,
    memorySize: info.memorySize,
    canLock: info.canUseLockPrefix,
    canRep: info.canUseRepPrefix,
    canRepne: info.canUseRepnePrefix,
  };
  info.free();
  return result;
}

function valuesOf(name, memorySize) {
  if (/^(Pcmp[ei]str|Cmps._m|Scas)/.test(name)) return VALUES.text;
  const element = MemorySize[MemorySizeExt.elementType(memorySize)];
  if (element === 'Float32') return VALUES.single;
  if (element === 'Float64') return VALUES.double;
  if (element === 'Float80') return VALUES.extended;
  if (element === 'Bcd') return VALUES.decimal;
  if (/^Cvt(t?ps|t?ss)|ps_|ss_/.test(name)) return VALUES.single;
  if (/^Cvt(t?pd|t?sd)|pd_|^(?!Movs|Cmps)\w*sd_/.test(name)) return VALUES.double;
  return VALUES.integer;
}

/** The way to the memory operand of one instance. */
const ADDRESSINGS = [
  'base',
  'base8',
  'base32',
  'indexed',
  'rip',
  'stack',
  'scaled',
  'absolute',
  'narrow',
  'indexed',
];

function setMemory(instruction, operand, addressing, random, reserved) {
  const width = addressing === 'narrow' ? 32 : 64;
  const general = (without) =>
    random.pick(REGISTERS[width].filter((register) => !without.includes(numberOf(register))));
  const base = addressing === 'stack' ? Register.RSP : general([4, ...reserved]);
  const index = general([4, numberOf(base), ...reserved]);
  const memory = { base, index: Register.None, scale: 1, displacement: 0, displacementSize: 0 };
  const small = random.below(250) - 125;
  const large = random.below(0x8000) - 0x4000 + (random.below(2) ? 0x200 : -0x8200);
  switch (addressing) {
    case 'base8':
    case 'stack':
      Object.assign(memory, { displacement: small, displacementSize: 1 });
      break;
    case 'base32':
      Object.assign(memory, { displacement: large, displacementSize: 4 });
      break;
    case 'narrow':
    case 'indexed':
      Object.assign(memory, {
        index,
        scale: random.pick([1, 2, 4, 8]),
        displacement: small,
        displacementSize: 1,
      });
      break;
    case 'scaled':
      Object.assign(memory, {
        base: Register.None,
        index,
        scale: random.pick([2, 4, 8]),
        displacement: large,
        displacementSize: width / 8,
      });
      break;
    case 'rip':
    case 'absolute':
      memory.base = addressing === 'rip' ? Register.RIP : Register.None;
      memory.displacement = LAYOUT.window + 0x100 + 16 * random.below(16);
      memory.displacementSize = 8;
      break;
  }
  instruction.setOpKind(operand, OpKind.Memory);
  instruction.memoryBase = memory.base;
  instruction.memoryIndex = memory.index;
  instruction.memoryIndexScale = memory.scale;
  instruction.memoryDisplacement = BigInt.asUintN(64, BigInt(memory.displacement));
  instruction.memoryDisplSize = memory.displacementSize;
  return {
    base: addressing === 'rip' ? NO_REGISTER : numberOf(memory.base),
    index: numberOf(memory.index),
    scale: memory.scale,
    displacement: memory.displacement,
    narrow: addressing === 'narrow',
  };
}

const registersOf = (kind) => {
  if (/^xmm/.test(kind)) return REGISTERS.xmm;
  if (kind === 'sti_opcode') return REGISTERS.st;
  const width = /^r(8|16|32|64)_/.exec(kind)?.[1];
  return width && REGISTERS[width];
};

const isEnter = (instruction) => instruction.code === Code.Enterq_imm16_imm8;

function setImmediate(instruction, operand, kind, value) {
  const wide = BigInt(value);
  switch (kind) {
    case 'imm8':
    case 'imm8_const_1':
      instruction.setOpKind(
        operand,
        operand === 1 && isEnter(instruction) ? OpKind.Immediate8_2nd : OpKind.Immediate8,
      );
      return instruction.setImmediateU32(operand, Number(BigInt.asUintN(8, wide)));
    case 'imm16':
      instruction.setOpKind(operand, OpKind.Immediate16);
      return instruction.setImmediateU32(operand, Number(BigInt.asUintN(16, wide)));
    case 'imm32':
      instruction.setOpKind(operand, OpKind.Immediate32);
      return instruction.setImmediateU32(operand, Number(BigInt.asUintN(32, wide)));
    case 'imm64':
      instruction.setOpKind(operand, OpKind.Immediate64);
      return instruction.setImmediateU64(operand, BigInt.asUintN(64, wide * 0x100000003n));
    case 'imm32sex64':
      instruction.setOpKind(operand, OpKind.Immediate32to64);
      return instruction.setImmediateI64(operand, BigInt.asIntN(32, wide));
    default: {
      const bits = kind.slice('imm8sex'.length);
      instruction.setOpKind(operand, OpKind[`Immediate8to${bits}`]);
      return instruction.setImmediateI64(operand, BigInt.asIntN(8, wide));
    }
  }
}

/** The rule for a Code, and what registers addressing must leave alone for it. */
function ruleOf(name, kinds, isMemory) {
  const bits = Number(/_rm?(8|16|32|64)/.exec(name)?.[1] ?? 64);
  const rule = (rule, argument = 0, reserved = []) => ({ rule: RULES[rule], argument, reserved });
  const shift = /^(Sh[lr]d|Shl|Shr|Sar|R[oc][lr])_.*CL$/.exec(name);
  if (shift) {
    const family = /d$/.test(shift[1]) ? 3 : shift[1].startsWith('R') ? 2 : shift[1] === 'Sar' ? 1 : 0;
    return rule('shift', bits / 8 + 16 * family, [1]);
  }
  if (/^I?div_rm/.test(name)) return rule('divide', bits / 8, [0, 2]);
  if (/^Bt[src]?_rm\d+_r/.test(name) && isMemory) return rule('bitOffset', bits / 8);
  if (kinds.some((kind) => kind === 'seg_rSI' || kind === 'es_rDI'))
    return rule('string', Number(/_m(\d+)|_m(\d+)$/.exec(name)[1]) / 8);
  if (/^Cmpxchg_/.test(name)) return rule('equal');
  if (/^Cmpxchg(8|16)b/.test(name)) return rule('equalPair', name.includes('16b') ? 16 : 8, [0, 1, 2, 3]);
  if (/^(Jmp|Call)_rm64/.test(name)) return rule('indirect');
  if (/^Retnq/.test(name)) return rule('return');
  if (name === 'Xlat_m8') return rule('translate');
  if (/^Popf/.test(name)) return rule('popFlags');
  if (/^Maskmovdqu/.test(name)) return rule('maskMove');
  if (name === 'Leaveq') return rule('leave');
  if (/^F(n?stenv|n?save)_/.test(name)) return rule('environment', Number(/_m(\d+)/.exec(name)[1]));
  if (/^(Loop|J[er]cxz)/.test(name)) return rule('counter');
  if (/^Fxsave/.test(name)) return rule('image');
  if (/^Ldmxcsr/.test(name)) return rule('loadMxcsr');
  if (/^Fldcw/.test(name)) return rule('loadControl');
  if (/^F(ldenv|rstor)_/.test(name)) return rule('loadEnvironment', Number(/_m(\d+)/.exec(name)[1]));
  if (/^Fxrstor/.test(name)) return rule('loadImage');
  if (/^Pcmpestr/.test(name)) return rule('stringLength', 0, [0, 2]);
  return rule('none');
}

/** Sets all operands; what memory it uses, or undefined. */
function setOperands(instruction, { name, kinds, reserved }, { isMemory, addressing, immediate, random }) {
  let memory;
  kinds.forEach((kind, operand) => {
    if (isMemory && isMemoryKind(kind))
      memory = setMemory(instruction, operand, addressing, random, reserved);
    else if (kind === 'mem_offs') {
      memory = setMemory(instruction, operand, 'absolute', random, reserved);
    } else if (IMPLICIT[kind] !== undefined) instruction.setOpKind(operand, IMPLICIT[kind]);
    else if (kind === 'seg_rBX_al') {
      instruction.setOpKind(operand, OpKind.Memory);
      instruction.memoryBase = Register.RBX;
      instruction.memoryIndex = Register.AL;
    } else if (/^imm/.test(kind)) {
      setImmediate(
        instruction,
        operand,
        kind,
        kind === 'imm8_const_1' ? 1 : immediateFor(name, kind, immediate),
      );
    } else {
      const register = FIXED[kind] ? Register[FIXED[kind]] : random.pick(registersOf(kind));
      instruction.setOpKind(operand, OpKind.Register);
      instruction.setOpRegister(operand, register);
    }
  });
  return memory;
}

const isMemoryKind = (kind) => /_or_mem$|^mem$/.test(kind);

/** Nested enter is not tried; a frame must fit the stack. */
function immediateFor(name, kind, value) {
  if (name.startsWith('Enterq')) return kind === 'imm8' ? 0 : value & 0xff;
  if (name.startsWith('Retnq')) return value & 0xff;
  return value;
}

function undefinedFlags(instruction, name, immediate) {
  const bits = instruction.rflagsUndefined;
  let flags = FLAGS.reduce((sum, [iced, flag]) => sum | (bits & iced ? flag : 0), 0);
  const shift = /^(Shl|Shr)_rm(8|16)_imm8/.exec(name);
  if (shift && (immediate & 31) >= Number(shift[2])) flags |= CF;
  if (/^Sh[lr]d_rm16/.test(name) && (immediate & 31) > 16) flags |= CF | OF | AF;
  return flags;
}

/** Results that are undefined themselves. */
function isUndefined(name, immediate) {
  return /^Sh[lr]d_rm16_r16_imm8/.test(name) && (immediate & 31) > 16;
}

function encode(instruction, address) {
  const encoder = new Encoder(64);
  try {
    encoder.encode(instruction, BigInt(address));
    return encoder.takeBuffer();
  } finally {
    encoder.free();
  }
}

function sameCode(bytes, code) {
  const decoder = new Decoder(64, bytes, 0);
  const decoded = decoder.decode();
  const same = decoded.code === code;
  decoded.free();
  decoder.free();
  return same;
}

/** Which variants of a Code are tried: { isMemory, addressing, immediate, lock, rep }. */
function variantsOf(name, shape, random) {
  const { kinds, canLock } = shape;
  const immediates = kinds.filter((kind) => /^imm(?!8_const)/.test(kind)).length;
  const hasRegister = kinds.every((kind) => kind !== 'mem');
  const hasMemory = kinds.some(isMemoryKind);
  const isVaried = kinds.some((kind) => registersOf(kind)) || immediates > 0 || kinds.includes('mem_offs');
  const controls = immediates > 0 && kinds.some((kind) => /^xmm/.test(kind));
  const list = [];
  const pool = kinds.some((kind) => /^imm(16|32|64)/.test(kind))
    ? [...IMMEDIATES, ...WIDE_IMMEDIATES]
    : IMMEDIATES;
  let turn = random.below(pool.length);
  const add = (variant) =>
    list.push({ immediate: pool[turn++ % pool.length], rep: 0, lock: false, ...variant });
  const many = immediates > 0 ? (controls ? 14 : 8) : 5;
  if (kinds.some((kind) => IMPLICIT[kind] !== undefined) && !name.startsWith('Maskmov')) {
    for (const rep of [0, 0xf3, 0xf2]) add({ isMemory: false, rep });
    return list;
  }
  if (hasRegister) for (let i = 0; i < (isVaried ? many : 1); i++) add({ isMemory: false });
  if (hasMemory) {
    let addressing = random.below(ADDRESSINGS.length);
    for (let i = 0; i < (hasRegister ? 5 : 8); i++)
      add({ isMemory: true, addressing: ADDRESSINGS[addressing++ % ADDRESSINGS.length] });
    if (canLock)
      for (let i = 0; i < 2; i++)
        add({ isMemory: true, lock: true, addressing: ADDRESSINGS[addressing++ % ADDRESSINGS.length] });
  }
  return list;
}

/** cmp $7, %rbx; cmp $-1, %ebx; cmp $0x40, %bl and cmc: flags that a translator has yet to work out. */
const LEADS = [[], [0x48, 0x83, 0xfb, 7], [0x83, 0xfb, 0xff], [0x80, 0xfb, 0x40, 0xf5]];

const isBranch = (kinds) => kinds.some((kind) => /^br64/.test(kind));
const MARK_BYTES = 13;
/** mov $value, %r11d; jmp *LAYOUT.code: ends an instance. */
function mark(value) {
  return [0x41, 0xbb, value, 0, 0, 0, ...END];
}
const END = [0xff, 0x24, 0x25, 0, 0, 0, LAYOUT.code >>> 24];

/**
 * All instances of a Code, from address `at` on: { bytes, entry, lead, memory, values, size, rule, argument, undefined, text },
 * `entry` being the offset of the instruction in `bytes`, which is to be entered `lead` bytes before.
 */
export function instancesOf(name, at) {
  const code = Code[name];
  const shape = operandKindsOf(code);
  const random = new Random(name);
  const instances = [];
  for (const [number, variant] of variantsOf(name, shape, random).entries()) {
    const lead = LEADS[number % LEADS.length];
    const instance = isBranch(shape.kinds)
      ? branchInstance(name, code, lead, at)
      : plainInstance(name, code, shape, { ...variant, lead }, at, random);
    if (!instance) continue;
    instances.push(instance);
    at += instance.bytes.length;
  }
  if (isBranch(shape.kinds)) {
    const back = branchInstance(name, code, LEADS[1], at, true);
    if (back) instances.push(back);
  }
  if (instances.length === 0) throw new Error(`no instance of ${name} can be encoded`);
  return instances;
}

function describe(name, code, shape) {
  const values = valuesOf(name, shape.memorySize);
  return { name, code, values, size: Math.min(255, MemorySizeExt.size(shape.memorySize)) };
}

const NO_MEMORY = { base: NO_REGISTER, index: NO_REGISTER, scale: 1, displacement: 0, narrow: false };

/** A relative branch over one mark to another, or back to one. */
function branchInstance(name, code, lead, at, back = false) {
  const before = [...mark(2), ...lead];
  const address = at + before.length;
  const target = back ? at : undefined;
  const length = encode(Instruction.createBranch(code, BigInt(address + 64)), address).length;
  const forward = address + length + MARK_BYTES;
  const instruction = Instruction.createBranch(code, BigInt(target ?? forward));
  const bytes = encode(instruction, address);
  const { rule, argument } = ruleOf(name, [], false);
  return {
    ...describe(name, code, { memorySize: MemorySize.Unknown }),
    bytes: [...before, ...bytes, ...mark(1), ...mark(3)],
    entry: before.length,
    lead: lead.length,
    memory: NO_MEMORY,
    hasMemory: false,
    rule,
    argument,
    register: NO_REGISTER,
    isAligned: false,
    undefined: undefinedFlags(instruction, name, 0),
  };
}

function plainInstance(name, code, shape, variant, at, random) {
  const { rule, argument, reserved } = ruleOf(name, shape.kinds, variant.isMemory);
  if (isUndefined(name, variant.immediate)) return undefined;
  const isJump = rule === RULES.indirect || rule === RULES.return;
  const { lead } = variant;
  const before = isJump ? [...mark(2), ...lead] : lead;
  for (let attempt = 0; attempt < 40; attempt++) {
    const instruction = new Instruction();
    instruction.code = code;
    const memory = setOperands(instruction, { name, kinds: shape.kinds, reserved }, { ...variant, random });
    instruction.hasLockPrefix = variant.lock;
    instruction.hasRepePrefix = variant.rep === 0xf3;
    instruction.hasRepnePrefix = variant.rep === 0xf2;
    let bytes;
    try {
      bytes = encode(instruction, at + before.length);
    } catch {
      continue;
    }
    const register = registerOf(instruction, rule === RULES.bitOffset ? 1 : 0);
    const clashes =
      rule === RULES.bitOffset && (register === memory.base || register === memory.index || register === 4);
    if (clashes || !sameCode(bytes, code)) continue;
    const afterJump = isJump ? [...mark(1), ...mark(3)] : END;
    const result = {
      ...describe(name, code, shape),
      bytes: [...before, ...bytes, ...afterJump],
      entry: before.length,
      lead: lead.length,
      memory: memory ?? NO_MEMORY,
      hasMemory: memory !== undefined,
      rule,
      argument: isJump ? lead.length + bytes.length + MARK_BYTES : argument,
      register,
      // A locked access that is split is slow, or refused, on some processors.
      isAligned: variant.lock || name.startsWith('Xchg'),
      undefined: undefinedFlags(instruction, name, variant.immediate),
    };
    instruction.free();
    return result;
  }
  return undefined;
}

/** The mnemonic of a Code, lower case. */
export function mnemonicOf(name) {
  const info = CodeExt.opCode(Code[name]);
  const mnemonic = Mnemonic[info.mnemonic].toLowerCase();
  info.free();
  return mnemonic;
}

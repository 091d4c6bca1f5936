// Forms for the fault tests made from iced-x86's tables: every SSE instruction with a memory operand that
// scripts/fault-forms.mjs does not list by hand.
import {
  Code,
  CodeExt,
  Formatter,
  FormatterSyntax,
  Instruction,
  InstructionInfoFactory,
  MemorySizeExt,
  OpAccess,
  OpCodeOperandKind,
  OpKind,
  Register,
} from 'iced-x86';
import { codesByProgram } from './instruction-codes.mjs';
import { mnemonicOf } from './instruction-forms.mjs';
import { NEAR } from './instruction-program.mjs';

/** Of 16 bytes and allowed anywhere. */
const UNALIGNED = /^(movup|movdqu|lddqu|pcmp[ei]str)/;
const REGISTERS = { xmm: Register.XMM5, r32: Register.EDX, r64: Register.RDX };
const IMMEDIATE = 0x1b;
/** They load or store what another form sets up by hand. */
const BY_HAND = /^(ldmxcsr|stmxcsr|maskmovdqu)/;

/** An instance with its memory operand at (%rbx), or undefined when it has none. */
function withMemory(name) {
  const info = CodeExt.opCode(Code[name]);
  const instruction = new Instruction();
  instruction.code = Code[name];
  let hasMemory = false;
  for (let operand = 0; operand < info.opCount; operand++) {
    const kind = OpCodeOperandKind[info.opKind(operand)];
    if (/_or_mem$|^mem$/.test(kind)) {
      hasMemory = true;
      instruction.setOpKind(operand, OpKind.Memory);
      instruction.memoryBase = Register.RBX;
    } else if (kind === 'imm8') {
      instruction.setOpKind(operand, OpKind.Immediate8);
      instruction.setImmediateU32(operand, IMMEDIATE);
    } else {
      instruction.setOpKind(operand, OpKind.Register);
      instruction.setOpRegister(operand, REGISTERS[kind.split('_')[0]]);
    }
  }
  const size = MemorySizeExt.size(info.memorySize);
  info.free();
  return hasMemory ? { instruction, size } : undefined;
}

/** r, w or rw: how it uses its memory operand. */
function accessOf(instruction, factory) {
  const info = factory.info(instruction);
  for (let operand = 0; operand < instruction.opCount; operand++) {
    if (instruction.opKind(operand) !== OpKind.Memory) continue;
    const access = info.opAccess(operand);
    if (access === OpAccess.Write) return 'w';
    return access === OpAccess.ReadWrite ? 'rw' : 'r';
  }
  throw new Error('no memory operand');
}

/** Forms in the shape of fault-forms.mjs, but for those whose mnemonic is in `listed`. */
export function vectorForms(listed) {
  const formatter = new Formatter(FormatterSyntax.Gas);
  const factory = new InstructionInfoFactory();
  const forms = [];
  for (const name of codesByProgram().sse) {
    const mnemonic = mnemonicOf(name);
    const made = withMemory(name);
    if (!made || listed.has(mnemonic) || BY_HAND.test(mnemonic)) continue;
    const { instruction, size } = made;
    const text = formatter.format(instruction).replace('(%rbx)', '{m}');
    // An approximation is the machine's own: it must not be in what is compared.
    const code = NEAR.has(name) ? `${text}; pxor %xmm5, %xmm5` : text;
    const aligned = size === 16 && !UNALIGNED.test(mnemonic);
    const form = { group: 'vector', name, size, access: accessOf(instruction, factory), code };
    forms.push(aligned ? { ...form, aligned } : form);
    if (aligned)
      forms.push({
        ...form,
        places: [{ at: 'misaligned', target: 0x20005008, bad: 0x20005000, mode: 'none' }],
      });
  }
  return forms;
}

// Forms for the fault tests made from iced-x86's tables: every SSE and x87 instruction with a memory operand that
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
function accessOf(instruction) {
  const info = factory.info(instruction);
  for (let operand = 0; operand < instruction.opCount; operand++) {
    if (instruction.opKind(operand) !== OpKind.Memory) continue;
    const access = info.opAccess(operand);
    if (access === OpAccess.Write) return 'w';
    return access === OpAccess.ReadWrite ? 'rw' : 'r';
  }
  throw new Error('no memory operand');
}

const formatter = new Formatter(FormatterSyntax.Gas);
const factory = new InstructionInfoFactory();

/** Forms in the shape of fault-forms.mjs, but for those whose mnemonic is in `listed`. */
export function derivedForms(listed) {
  return [...vectorForms(listed), ...x87Forms()];
}

function vectorForms(listed) {
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
    const form = { group: 'vector', name, size, access: accessOf(instruction), code };
    forms.push(aligned ? { ...form, aligned } : form);
    if (aligned)
      forms.push({
        ...form,
        places: [{ at: 'misaligned', target: 0x20005008, bad: 0x20005000, mode: 'none' }],
      });
  }
  return forms;
}

/** Whole environments: what of them is defined is tested with the instructions. */
const ENVIRONMENT = /^(fldenv|fnstenv|frstor|fnsave|fxrstor|fxsave)/;
/** Room that is not near an operand. */
const SPARE = 0x20001100;

function x87Forms() {
  const forms = [];
  for (const name of codesByProgram().x87) {
    const mnemonic = mnemonicOf(name);
    const made = withMemory(name);
    if (!made || ENVIRONMENT.test(mnemonic)) continue;
    const text = formatter.format(made.instruction).replace('(%rbx)', '{m}');
    const access = accessOf(made.instruction);
    // What is in ST0 and the status word, in general registers, as those are compared.
    const seen =
      access === 'w'
        ? ''
        : `; fnstsw %ax; and $0x7d00, %eax; fstpt ${SPARE}; mov ${SPARE}, %rdx; movzwl ${SPARE + 8}, %esi`;
    forms.push({
      group: 'x87',
      name,
      size: made.size,
      access,
      code: `fninit; fldpi; fld1; ${text}${seen}; fninit`,
      ...settingsOf(mnemonic),
    });
  }
  return forms;
}

/** Values in memory where the pattern would be no valid operand. */
function settingsOf(mnemonic) {
  const poked = (...words) => ({
    keepsContents: true,
    pokes: ({ target }) => words.map((word, i) => [target + 8 * i, word]),
  });
  if (mnemonic === 'fbld') return poked(0x1234567812345678n, 0x8090n);
  if (mnemonic === 'fldcw') return poked(0x27fn);
  return {};
}

// Which iced-x86 Codes the instruction tests try: those of the corpus that are not named as apart, and every other
// that our cpuid says we have. `node scripts/instruction-codes.mjs` counts them.
import { readFileSync } from 'node:fs';
import { Code, CodeExt, CpuidFeature, EncodingKind, Instruction, OpCodeOperandKind } from 'iced-x86';
import { recordedCodes } from './corpus.mjs';

const APART = new URL('../test/cpu/corpus-apart.json', import.meta.url);

/** Sets of instructions of which all are tried: cpuid may offer no others. */
export const OFFERED = new Set(
  (
    'INTEL8086 INTEL186 INTEL386 INTEL486 X64 CMOV CX8 CMPXCHG16B MOVBE POPCNT LZCNT PAUSE MULTIBYTENOP CET_IBT ' +
    'PREFETCHW FPU FPU287 FPU387 FPU+CMOV FPU+SSE3 FXSR SSE SSE2 SSE3 SSSE3 SSE4_1 SSE4_2 AES PCLMULQDQ'
  ).split(' '),
);

/** What those sets hold besides: aliases no assembler writes, other code sizes, and questions to the machine. */
const NOT_TRIED = new RegExp(
  [
    '^(Int_|Int1|Into|Iret|Retf|Retnw|Call_m|Jmp_m|Call_rm16|Jmp_rm16|Lfs|Lgs|Lss|Sysenter|Syscall|Ud[01])',
    '^(Lar|Lsl|Verr|Verw|Sldt|Str_|Sgdt|Sidt|Smsw|Reservednop|Prefetchreserved|Fn?setpm|Fn?eni|Fn?disi|Fstpnce)',
    // These are two instructions, the first of them fwait.
    '^(Fclex|Finit|Fsave|Fstcw|Fstenv|Fstsw)',
    '^(Bswap_r16|Enterw|Leavew|Sal_)|^[LMS]fence_',
    '_rel16$|_rel8_16|_CX$|_F[67]r1$|_0F[0-9A-F]+$|_(D[0-3]|C[01])r6|_D[89A-F][A-F0-9]{2}$',
  ].join('|'),
);

/** Tested by their properties, in test/cpu/properties.test.ts: their results are the machine's. */
export const BY_PROPERTY = ['Cpuid', 'Rdtsc', 'Rdtscp', 'Xgetbv'];

function setsOf(code) {
  const instruction = Instruction.create(code);
  const names = Array.from(instruction.cpuidFeatures(), (feature) => CpuidFeature[feature]).join('+');
  instruction.free();
  return names;
}

function operandKinds(code) {
  const info = CodeExt.opCode(code);
  const kinds = Array.from({ length: info.opCount }, (_, i) => OpCodeOperandKind[info.opKind(i)]);
  info.free();
  return kinds;
}

/** tzcnt is what compilers emit for bsf where the difference does not matter. */
const isOffered = (sets) => OFFERED.has(sets) || sets === 'BMI1';

function isTried(name, code) {
  const info = CodeExt.opCode(code);
  const known = info.isInstruction && info.mode64 && info.encoding === EncodingKind.Legacy;
  const user = info.cpl3 && !info.isPrivileged && !info.isInputOutput;
  info.free();
  if (!known || !user || NOT_TRIED.test(name) || !isOffered(setsOf(code))) return false;
  return !operandKinds(code).some((kind) => /^(mm_|seg_reg|cr_|dr_|bnd|[ecsdfg]s$|farbr)/.test(kind));
}

/** Codes named as apart: in the corpus, but not tried. Code -> why. */
export function apartCodes() {
  const reasons = JSON.parse(readFileSync(APART, 'utf8'));
  return new Map(Object.entries(reasons).flatMap(([why, names]) => names.map((name) => [name, why])));
}

function programOf(name, code) {
  const sets = setsOf(code);
  if (/^(FPU|FXSR)/.test(sets) || name === 'Wait') return 'x87';
  return /SSE|AES|PCLMUL/.test(sets) && !/^(Prefetch|[LMS]fence|Pause|Crc32|Movnti)/.test(name)
    ? 'sse'
    : 'integer';
}

/** { integer, sse, x87 }: the names of the Codes that each program tries. */
export function codesByProgram() {
  const apart = new Set([...apartCodes().keys(), ...BY_PROPERTY]);
  const corpus = recordedCodes().filter((name) => !apart.has(name));
  const offered = Object.keys(Code).filter((name) => Number.isNaN(Number(name)) && isTried(name, Code[name]));
  const programs = { integer: [], sse: [], x87: [] };
  for (const name of [...new Set([...corpus, ...offered])].sort())
    programs[programOf(name, Code[name])].push(name);
  return programs;
}

/** How many there are of each kind, as lines. */
function summary() {
  const corpus = recordedCodes();
  const apart = apartCodes();
  const programs = codesByProgram();
  const tried = new Set(Object.values(programs).flat());
  const reasons = new Map();
  for (const why of apart.values()) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  return [
    `${corpus.length} Codes in the corpus: ${corpus.filter((name) => tried.has(name)).length} tried, ` +
      `${corpus.filter((name) => BY_PROPERTY.includes(name)).length} tested by property, ${apart.size} apart`,
    ...[...reasons].map(([why, count]) => `  apart: ${count}, ${why}`),
    `${tried.size} Codes tried in all: ${Object.entries(programs)
      .map(([name, list]) => `${name} ${list.length}`)
      .join(', ')}`,
  ];
}

if (process.argv[1]?.endsWith('instruction-codes.mjs')) console.log(summary().join('\n'));

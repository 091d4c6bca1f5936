// Writes the tables of test/guest/instructions-NAME.exe as assembly: node scripts/instruction-program.mjs NAME OUT.S
import { writeFileSync } from 'node:fs';
import { codesByProgram } from './instruction-codes.mjs';
import { instancesOf, LAYOUT } from './instruction-forms.mjs';

/** Sets of operands for a Code; an instance gets its share. */
const SETS = 200;
const FEWEST_SETS = 24;
/** The pointer by which every instance leaves. */
const HEADER_BYTES = 16;
/**
 * Instances that are translated together. A translator takes what a function calls into the same module, so for every
 * so many instances there is a primer: a function that would call them all, but returns before.
 */
const PRIMED = 23;
const PRIMER_START = [0xf8, 0x0f, 0x82, 1, 0, 0, 0, 0xc3]; // clc; jc 1f; ret; 1:

/** Codes whose results are approximations: tested to within their documented error. */
export const NEAR = new Set(
  (
    'Rcpps_xmm_xmmm128 Rcpss_xmm_xmmm32 Rsqrtps_xmm_xmmm128 Rsqrtss_xmm_xmmm32 ' +
    'F2xm1 Fcos Fpatan Fptan Fsin Fsincos Fyl2x Fyl2xp1'
  ).split(' '),
);

/** Every instance of a program, with its place; primers stand between them. */
function place(program) {
  const instances = [];
  const primers = [];
  let code = new Array(HEADER_BYTES).fill(0);
  const prime = () => {
    const first = primers.at(-1)?.end ?? 0;
    const offset = code.length;
    code = code.concat(primer(offset, instances.slice(first)));
    primers.push({ first, end: instances.length, offset });
  };
  for (const [codeNumber, name] of codesByProgram()[program].entries()) {
    if (instances.length - (primers.at(-1)?.end ?? 0) >= PRIMED) prime();
    const list = instancesOf(name, LAYOUT.code + code.length);
    const sets = Math.max(FEWEST_SETS, Math.ceil(SETS / list.length));
    for (const [number, instance] of list.entries()) {
      const offset = code.length + instance.entry - instance.lead;
      instances.push({ ...instance, number, codeNumber, offset, sets });
      code = code.concat([...instance.bytes]);
    }
  }
  prime();
  return { instances, primers, code };
}

function primer(at, instances) {
  const calls = instances.flatMap(({ offset }, i) => {
    const distance = offset - (at + PRIMER_START.length + 5 * (i + 1));
    return [0xe8, ...[0, 8, 16, 24].map((shift) => (distance >> shift) & 0xff)];
  });
  return [...PRIMER_START, ...calls, 0xc3];
}

/** Every instance of a program. */
export function layOut(program) {
  return place(program).instances;
}

function row(instance) {
  const { memory } = instance;
  const bytes = [
    instance.number,
    instance.values,
    instance.size,
    instance.rule,
    instance.argument,
    instance.register,
    memory.base,
    memory.index,
    memory.scale,
    Number(memory.narrow),
    Number(instance.hasMemory),
    Number(instance.isAligned),
    Number(NEAR.has(instance.name)),
    instance.sets,
    0,
    0,
  ];
  return [
    `    .long ${instance.offset}, ${memory.displacement}`,
    `    .short ${instance.codeNumber}, ${instance.undefined}`,
    `    .byte ${bytes.join(', ')}`,
  ].join('\n');
}

/** The whole assembly file. */
function assembly(program) {
  const names = codesByProgram()[program];
  const { instances, primers, code } = place(program);
  return [
    '    .section .rdata,"dr"',
    '    .globl code_names, instances, instance_count, instance_code, instance_code_bytes, primers',
    ...names.map((name, i) => `name${i}: .asciz "${name}"`),
    '    .balign 8',
    'code_names:',
    ...names.map((_, i) => `    .quad name${i}`),
    `instance_count: .long ${instances.length}`,
    `instance_code_bytes: .long ${code.length}`,
    'instances:',
    ...instances.map(row),
    'primers:',
    ...primers.map(({ first, offset }) => `    .long ${first}, ${offset}`),
    `    .long ${instances.length}, 0`,
    'instance_code:',
    `    .byte ${code.join(', ')}`,
    '',
  ].join('\n');
}

if (process.argv[1]?.endsWith('instruction-program.mjs'))
  writeFileSync(process.argv[3], assembly(process.argv[2]));

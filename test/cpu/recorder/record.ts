/*
 * Records what the host CPU does with every form on every input, for differential.test.ts:
 *
 *     npx esbuild test/cpu/recorder/record.ts --bundle --platform=node --format=esm --outfile=/tmp/record.mjs
 *     node /tmp/record.mjs test/cpu/recorded test/cpu/recorder/harness.c
 *
 * Needs gcc on an x86-64 Linux. The recording holds, for each form, its machine code and for each input the words
 * of the state (inputs.ts) that changed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FORMS } from '../forms.ts';
import { CASES, inputWords, WORDS } from '../inputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'record-'));
const GPR = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
];

/** One routine for each form: all registers from the state at rdi, the form, all registers back. */
function assembly(): string {
  const lines = [
    '.intel_syntax noprefix',
    '.text',
    '.globl code_begin, routines, form_begins, form_ends',
    'code_begin:',
  ];
  FORMS.forEach(({ asm }, form) => {
    lines.push(`routine_${form}:`);
    for (const saved of ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15']) lines.push(`push ${saved}`);
    lines.push('mov r15, rdi', 'mov [rip+native_rsp], rsp', 'push qword ptr [r15+128]', 'popfq');
    for (let xmm = 0; xmm < 4; xmm++) lines.push(`movdqu xmm${xmm}, [r15+${136 + xmm * 16}]`);
    GPR.forEach((name, index) => {
      lines.push(`mov ${name}, [r15+${index * 8}]`);
    });
    lines.push(`form_begin_${form}:`, ...asm.split(';'), `form_end_${form}:`);
    GPR.forEach((name, index) => {
      lines.push(`mov [r15+${index * 8}], ${name}`);
    });
    lines.push(
      'mov rsp, [rip+native_rsp]',
      'ldmxcsr [rip+usual_mxcsr]',
      'pushfq',
      'pop qword ptr [r15+128]',
      'cld',
    );
    for (let xmm = 0; xmm < 4; xmm++) lines.push(`movdqu [r15+${136 + xmm * 16}], xmm${xmm}`);
    for (const saved of ['r15', 'r14', 'r13', 'r12', 'rbp', 'rbx']) lines.push(`pop ${saved}`);
    lines.push('ret');
  });
  lines.push('.data', 'native_rsp: .quad 0', 'usual_mxcsr: .quad 0x1f80');
  for (const [table, label] of [
    ['routines', 'routine'],
    ['form_begins', 'form_begin'],
    ['form_ends', 'form_end'],
  ]) {
    lines.push(`${table}:`, ...FORMS.map((_, form) => `.quad ${label}_${form}`));
  }
  return `${lines.join('\n')}\n.section .note.GNU-stack,"",@progbits\n`;
}

const [recorded, harness] = process.argv.slice(2) as [string, string];
const inputs = new BigUint64Array(FORMS.length * CASES * WORDS);
FORMS.forEach(({ kind }, form) => {
  for (let index = 0; index < CASES; index++)
    inputs.set(inputWords(form, index, kind), (form * CASES + index) * WORDS);
});
writeFileSync(join(folder, 'forms.s'), assembly());
writeFileSync(join(folder, 'inputs'), new Uint8Array(inputs.buffer));
const program = join(folder, 'program');
execFileSync('gcc', [
  '-O1',
  '-no-pie',
  '-Wl,-Ttext-segment=0x10000000',
  '-o',
  program,
  harness,
  join(folder, 'forms.s'),
]);
execFileSync(
  program,
  [join(folder, 'inputs'), join(folder, 'outputs'), String(FORMS.length), String(CASES)],
  {
    stdio: 'inherit',
  },
);

/*
 * File: for each form u8 length + code; then for each case u8 count (255 = #DE), count times u8 word + u64 value.
 */
const raw = readFileSync(join(folder, 'outputs'));
let at = 0;
const out: number[] = [];
for (let form = 0; form < FORMS.length; form++) {
  const length = raw[at]!;
  for (let index = 0; index <= length; index++) out.push(raw[at + index]!);
  at += 16 * 4;
}
for (let index = 0; index < FORMS.length * CASES; index++) {
  const isError = raw.readUInt32LE(at) === 1;
  at += 8;
  if (isError) out.push(255);
  else {
    const changed: number[] = [];
    for (let word = 0; word < WORDS; word++) {
      if (raw.readBigUInt64LE(at + word * 8) === inputs[index * WORDS + word]) continue;
      changed.push(word, ...raw.subarray(at + word * 8, at + word * 8 + 8));
    }
    out.push(changed.length / 9, ...changed);
  }
  at += WORDS * 8;
}
const file = join(recorded, 'instructions.bin.gz');
writeFileSync(file, gzipSync(new Uint8Array(out), { level: 9 }));
console.log(`${FORMS.length} forms, ${FORMS.length * CASES} cases, ${readFileSync(file).length} bytes`);

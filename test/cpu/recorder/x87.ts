/*
 * Records what the host CPU's x87 does with every form on every input, for x87.test.ts:
 *
 *     npx esbuild test/cpu/recorder/x87.ts --bundle --platform=node --format=esm --outfile=/tmp/x87.mjs
 *     node /tmp/x87.mjs test/cpu/recorder/x87-harness.c test/cpu/recorded [all-states-file]
 *
 * Needs gcc on an x86-64 Linux. See x87-recording.ts for the recording.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { X87_FORMS } from '../x87-forms.ts';
import { FLAGS_AT, MEMORY_AT, RAX_AT, X87_CASES, X87_STATE_BYTES, x87Input } from '../x87-inputs.ts';
import { CODE_BYTES, record } from '../x87-recording.ts';

/** One routine for each form: the state at rdi is loaded, the form executed, the state stored. */
function assembly(): string {
  const lines = ['.intel_syntax noprefix', '.text', '.globl routines, form_begins, form_ends'];
  X87_FORMS.forEach(({ asm }, form) => {
    lines.push(`routine_${form}:`, 'push rbx', `lea rbx, [rdi+${MEMORY_AT}]`, `mov rax, [rdi+${RAX_AT}]`);
    lines.push('fxrstor64 [rdi]', `push qword ptr [rdi+${FLAGS_AT}]`, 'popfq');
    lines.push(`form_begin_${form}:`, ...asm.split(';'), `form_end_${form}:`);
    lines.push('pushfq', `pop qword ptr [rdi+${FLAGS_AT}]`, `mov [rdi+${RAX_AT}], rax`);
    lines.push('fxsave64 [rdi]', 'fninit', 'pop rbx', 'ret');
  });
  lines.push('.data');
  for (const [table, label] of [
    ['routines', 'routine'],
    ['form_begins', 'form_begin'],
    ['form_ends', 'form_end'],
  ])
    lines.push(`${table}:`, ...X87_FORMS.map((_, form) => `.quad ${label}_${form}`));
  return `${lines.join('\n')}\n.section .note.GNU-stack,"",@progbits\n`;
}

const [harness, recorded, all] = process.argv.slice(2) as [string, string, string | undefined];
const folder = mkdtempSync(join(tmpdir(), 'x87-'));
const inputs = new Uint8Array(X87_FORMS.length * X87_CASES * X87_STATE_BYTES);
X87_FORMS.forEach(({ kind }, form) => {
  for (let index = 0; index < X87_CASES; index++)
    inputs.set(x87Input(form, index, kind), (form * X87_CASES + index) * X87_STATE_BYTES);
});
writeFileSync(join(folder, 'forms.s'), assembly());
writeFileSync(join(folder, 'inputs'), inputs);
const program = join(folder, 'program');
execFileSync('gcc', ['-O1', '-no-pie', '-o', program, harness, join(folder, 'forms.s')]);
const outputs = all ?? join(folder, 'outputs');
execFileSync(program, [join(folder, 'inputs'), outputs, String(X87_FORMS.length), String(X87_CASES)], {
  stdio: 'inherit',
});

const raw = readFileSync(outputs);
const states = raw.subarray(X87_FORMS.length * CODE_BYTES);
const recording = X87_FORMS.map((form, number) => {
  const code = raw.subarray(number * CODE_BYTES, (number + 1) * CODE_BYTES);
  const bytes = X87_CASES * X87_STATE_BYTES;
  return record(form, code, states.subarray(number * bytes, (number + 1) * bytes));
});
const file = join(recorded, 'x87.bin.gz');
writeFileSync(file, gzipSync(Buffer.concat(recording), { level: 9 }));
console.log(`${X87_FORMS.length} forms, ${readFileSync(file).length} bytes`);

// Assembles src/dlls/crt/direct.S with mingw's assembler and puts the bytes into src/dlls/crt/direct-code.ts.
//
//   node scripts/direct-code.mjs [--check]    writes the file, or says whether it is stale
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const SOURCE = join(root, 'src/dlls/crt/direct.S');
const TARGET = join(root, 'src/dlls/crt/direct-code.ts');
const LINE = 96;

/** The functions' bytes in hexadecimal, by name, in order. */
function assemble() {
  const work = mkdtempSync(join(tmpdir(), 'winmem-direct-'));
  try {
    const object = join(work, 'direct.o');
    const binary = join(work, 'direct.bin');
    execFileSync('x86_64-w64-mingw32-as', [SOURCE, '-o', object]);
    execFileSync('x86_64-w64-mingw32-objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
    const symbols = execFileSync('x86_64-w64-mingw32-nm', [
      '--numeric-sort',
      '--defined-only',
      object,
    ]).toString();
    const starts = [...symbols.matchAll(/^([0-9a-f]+) T (\w+)$/gm)].map(([, at, name]) => ({
      at: Number.parseInt(at, 16),
      name,
    }));
    const bytes = readFileSync(binary);
    // The section is filled up with nops.
    const end = bytes.findLastIndex((byte) => byte !== 0x90) + 1;
    return starts.map(({ at, name }, i) => ({
      name,
      hex: bytes.subarray(at, starts[i + 1]?.at ?? end).toString('hex'),
    }));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function moduleText() {
  const entries = assemble().map(({ name, hex }) => {
    const lines = hex.match(new RegExp(`.{1,${LINE}}`, 'g')).map((line) => `'${line}'`);
    return `  ${name}:\n    ${lines.join(' +\n    ')},\n`;
  });
  const text =
    '/** Made from direct.S by scripts/direct-code.mjs: machine code in hexadecimal. */\n' +
    `export const DIRECT_CODE: Readonly<Record<string, string>> = {\n${entries.join('')}};\n`;
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  return execFileSync(process.execPath, [biome, 'format', `--stdin-file-path=${TARGET}`], {
    cwd: root,
    input: text,
  }).toString();
}

const text = moduleText();
if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== text) {
    console.error('direct-code: src/dlls/crt/direct-code.ts is not what direct.S assembles to');
    process.exitCode = 1;
  }
} else writeFileSync(TARGET, text);

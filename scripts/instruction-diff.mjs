// Shows the first operands on which winmem and the processor (by Wine) differ for one Code of the instruction tests:
//   node scripts/instruction-diff.mjs integer|sse|x87 CODE [full|near] [--all]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWine, wineCommand, wineEnvironment } from './wine.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [program, code, ...rest] = process.argv.slice(2);
const isAll = rest.includes('--all');
const args = [...rest.filter((each) => each !== '--all'), '-v', code];
const exe = join(root, `test/guest/instructions-${program}.exe`);

/** What a run prints, as blocks of lines, one for each set of operands. */
function blocks(command, commandArgs, env) {
  const { stdout, stderr, status } = spawnSync(command, commandArgs, { env, maxBuffer: 1 << 30 });
  const text = stdout.toString('latin1').replaceAll('\r', '');
  if (status !== 0) console.log(`ends with ${status} ${stderr.toString().trim()}`);
  return text.split(new RegExp(`^(?=${code} )`, 'm')).map((block) => block.trimEnd().split('\n'));
}

const isMemory = (line) => /^ {2}([+-]\d|2100)/.test(line);

/** The state before, with the operand's own line of memory, and the lines in which the states after differ. */
function show(expected, actual) {
  const end = expected.findIndex((line) => line.startsWith('->'));
  console.log(
    expected
      .slice(0, end)
      .filter((line) => !isMemory(line) || line.startsWith('  +0:'))
      .join('\n'),
  );
  for (const [who, lines, others] of [
    ['processor', expected, actual],
    ['winmem', actual, expected],
  ]) {
    const same = new Set(others);
    console.log(`${who}:\n${lines.filter((line) => !same.has(line)).join('\n')}`);
  }
}

startWine();
// Wine's services keep the output of the program that starts them: it would not end while they live.
spawnSync(...wineCommand('cmd', ['/c', 'exit']), { env: wineEnvironment, stdio: 'ignore' });
const wine = blocks(...wineCommand(exe, args), wineEnvironment);
const ours = blocks(process.execPath, [join(root, 'dist/cli.cjs'), 'run', exe, ...args], process.env);
const different = wine.flatMap((block, i) => (block.join() === ours[i]?.join() ? [] : [i]));
for (const i of isAll ? different : different.slice(0, 1)) show(wine[i], ours[i] ?? []);
console.log(`${different.length} of ${wine.length} sets differ`);

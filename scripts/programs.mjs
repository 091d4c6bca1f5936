// Runs programs that nobody here wrote, the same .exe under Wine and under the built winmem, and compares every byte
// of what they write: stdout, stderr, the files in their folder, the exit code.
//
//   node scripts/programs.mjs [NAME...]     a run whose name begins with NAME; all without one
//
// Builds the programs first (scripts/build-programs.sh). Fails when a byte differs. Prints whole-process times, what
// the program itself measured (inside), and the memory that winmem took; a * where that is more than it should be.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { build, root } from './prepare.mjs';
import { cases } from './programs-cases.mjs';
import { Comparison } from './programs-comparison.mjs';
import { startWine } from './wine.mjs';

const MB = 1024 * 1024;
/** What winmem should take at most besides the guest's own resident pages. */
const OWN_MEMORY = 150 * MB;
const MEMORY_OF_A_TRANSLATED_BYTE = 80;

/** What winmem should take at most for a run that ended so. */
function memoryLimit({ statistics, translation }) {
  return OWN_MEMORY + statistics.peakResident + MEMORY_OF_A_TRANSLATED_BYTE * translation.guestBytes;
}

function row(name, { expected, actual, differences }) {
  const seconds = (time) => (time / 1000).toFixed(2).padStart(8);
  const ratio = (actual.time / expected.time).toFixed(1).padStart(6);
  const isMuch = actual.outcome.statistics && actual.memory > memoryLimit(actual.outcome);
  const memory = `${(actual.memory / MB).toFixed(0)} MB${isMuch ? '*' : ' '}`.padStart(9);
  const inside = actual.inside
    ? `  inside ${expected.inside.toFixed(2)} s, ${actual.inside.toFixed(2)} s: ${(actual.inside / expected.inside).toFixed(1)}`
    : '';
  const verdict = differences.length === 0 ? 'same' : 'DIFFERS';
  return `${name.padEnd(44)}${seconds(expected.time)}${seconds(actual.time)}${ratio}${memory}  ${verdict}${inside}`;
}

function main() {
  const names = process.argv.slice(2);
  const chosen = cases.filter(
    ({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)),
  );
  execFileSync(join(root, 'scripts/build-programs.sh'), { stdio: ['ignore', 2, 2] });
  build();
  startWine();
  const comparison = new Comparison();
  let failed = 0;
  console.log(`${'program'.padEnd(44)}  Wine s winmem s ratio   memory`);
  try {
    chosen.forEach((test, number) => {
      const result = comparison.compare(test, number);
      console.log(row(test.name, result));
      for (const difference of result.differences.slice(0, 6)) console.log(`    ${difference}`);
      if (result.differences.length > 0) failed++;
    });
  } finally {
    comparison.close();
  }
  console.log(`${chosen.length} runs, ${failed} not as under Wine`);
  process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
}

main();

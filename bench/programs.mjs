// Programs that nobody here wrote, as scripts/programs.mjs runs them: SQLite's speedtest1, at the size that it has when it is
// not told another, by the time that it measures itself, bzip2 by that of the whole process.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';
import { cases } from '../scripts/programs-cases.mjs';
import { Comparison } from '../scripts/programs-comparison.mjs';
import { median } from './statistics.mjs';

const measured = ['bzip2', 'bzip2 -d', 'speedtest1'].map((name) => {
  const test = cases.find((each) => each.name === name);
  return name === 'speedtest1' ? { ...test, args: ['--memdb'] } : test;
});

/** Seconds under winmem and under Wine. An error when a program does not write what it writes there. */
export function measurePrograms(rounds) {
  execFileSync(join(root, 'scripts/build-programs.sh'), { stdio: ['ignore', 2, 2] });
  const times = measured.map(() => ({ winmem: [], wine: [] }));
  for (let round = 0; round < rounds; round++) {
    const comparison = new Comparison();
    try {
      measured.forEach((test, i) => {
        const { expected, actual, differences } = comparison.compare(test, i);
        if (differences.length > 0) throw new Error(`${test.name}: ${differences[0]}`);
        times[i].winmem.push(actual.inside ?? actual.time / 1000);
        times[i].wine.push(expected.inside ?? expected.time / 1000);
      });
    } finally {
      comparison.close();
    }
  }
  return measured.map(({ name }, i) => ({
    name,
    winmem: median(times[i].winmem),
    wine: median(times[i].wine),
  }));
}

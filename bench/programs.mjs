// Programs that nobody here wrote, as scripts/programs.mjs runs them: SQLite's speedtest1 by the time that it measures itself,
// bzip2 by that of the whole process.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';
import { cases } from '../scripts/programs-cases.mjs';
import { Comparison } from '../scripts/programs-comparison.mjs';
import { median } from './statistics.mjs';

const NAMES = ['bzip2', 'bzip2 -d', 'speedtest1'];

/** Seconds under winmem and under Wine. An error when a program does not write what it writes there. */
export function measurePrograms(rounds) {
  execFileSync(join(root, 'scripts/build-programs.sh'), { stdio: ['ignore', 2, 2] });
  const times = NAMES.map(() => ({ winmem: [], wine: [] }));
  for (let round = 0; round < rounds; round++) {
    const comparison = new Comparison();
    try {
      NAMES.forEach((name, i) => {
        const test = cases.find((each) => each.name === name);
        const { expected, actual, differences } = comparison.compare(test, i);
        if (differences.length > 0) throw new Error(`${name}: ${differences[0]}`);
        times[i].winmem.push(actual.inside ?? actual.time / 1000);
        times[i].wine.push(expected.inside ?? expected.time / 1000);
      });
    } finally {
      comparison.close();
    }
  }
  return NAMES.map((name, i) => ({ name, winmem: median(times[i].winmem), wine: median(times[i].wine) }));
}

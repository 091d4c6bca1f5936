// Calls with 100 regions or blocks and with 100,000 and 1,000,000, at random, in ns: bench/guest/scale.exe under winmem.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';
import { CLI } from './runners.mjs';
import { median } from './statistics.mjs';

/** Each in a process of its own. */
const MEASURED = [['regions'], ['blocks', '48', '48'], ['blocks', '1', '256'], ['blocks', '1', '1500']];

function measure(args) {
  const words = [CLI, 'run', '--quiet', '--ram', '3G', join(root, 'bench/guest/scale.exe'), ...args];
  const output = execFileSync(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  return output.toString().trim().split(/\r?\n/);
}

/** Rows of { name, few, many }: nanoseconds per call, or for a heap per HeapFree and HeapAlloc. */
export function measureScale(rounds) {
  const rows = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const line of MEASURED.flatMap(measure)) {
      const [name, few, many] = line.split(' ');
      const row = rows.get(name) ?? { few: [], many: [] };
      row.few.push(Number(few));
      row.many.push(Number(many));
      rows.set(name, row);
    }
  }
  return [...rows].map(([name, { few, many }]) => ({ name, few: median(few), many: median(many) }));
}

// The ways to run a benchmark's program: under Wine, which runs it natively, under winmem, and under qemu-user, which runs
// the same source built for Linux. Each answers name -> { time, checksum }.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';
import { wineCommand, wineEnvironment } from '../scripts/wine.mjs';

export const CLI = join(root, 'dist/cli.cjs');
const BUILT = join(root, '.cache/bench');

function parse(output) {
  const results = new Map();
  for (const line of output.toString().trim().split(/\r?\n/)) {
    const [name, time, checksum] = line.split(' ');
    results.set(name, { time: Number(time), checksum });
  }
  return results;
}

export function runWine({ exe, args }) {
  const [command, words] = wineCommand(join(root, exe), args);
  return parse(execFileSync(command, words, { env: wineEnvironment, stdio: ['ignore', 'pipe', 'ignore'] }));
}

/** `nodeOptions`: of the Node that runs winmem. */
export function runWinmem({ exe, args = [], nodeOptions = [] }) {
  const words = [...nodeOptions, CLI, 'run', '--quiet', join(root, exe), ...args];
  return parse(execFileSync(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** As scripts/build-examples.sh builds the .exe. */
const FLAGS = ['-O2', '-fno-tree-vectorize', '-fno-jump-tables'];
const COMPILERS = { c: ['gcc', '-std=gnu11'], cpp: ['g++', '-std=gnu++17'] };
const QEMU = 'qemu-x86_64';

const isThere = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

/** Builds a source of bench/guest for Linux; answers how to run it, or undefined with the reason on stderr. */
export function qemuRunner(source) {
  const [name, extension] = source.split('.');
  const [compiler, standard] = COMPILERS[extension];
  const missing = [QEMU, compiler].find((command) => !isThere(command));
  if (missing) {
    console.error(
      `bench: no column for qemu-user, ${missing} is not here (Debian: qemu-user gcc g++ libc6-dev)`,
    );
    return undefined;
  }
  mkdirSync(BUILT, { recursive: true });
  const program = join(BUILT, name);
  const args = [...FLAGS, standard, '-static', '-o', program, join(root, 'bench/guest', source)];
  execFileSync(compiler, args, { stdio: ['ignore', 2, 2] });
  return () => parse(execFileSync(QEMU, [program], { stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** How long `node ARGS` takes, in milliseconds. */
export function nodeMilliseconds(args) {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')}: exit code ${status}`);
  return performance.now() - start;
}

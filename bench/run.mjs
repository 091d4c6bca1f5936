// The benchmarks: the same .exe under Wine (which runs it natively) and under winmem, in turns, timed inside the
// program, and the same kernels under qemu-user; a whole process of hello.exe against `node -e 0`; programs that nobody
// here wrote; calls with many regions and blocks against those with 100. Prints a table in Markdown.
//
//   node bench/run.mjs [--rounds N] [--json FILE] [--check] [memory|scale|kernels|integer|further|depth|hello|programs]...
//
// A ratio is winmem's median over the other's. --check fails when one is above its limit (bench/suites.mjs).
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/prepare.mjs';
import { haveWine, startWine } from '../scripts/wine.mjs';
import { measurePrograms } from './programs.mjs';
import { CLI, nodeMilliseconds, qemuRunner, runWine, runWinmem } from './runners.mjs';
import { measureScale } from './scale.mjs';
import { geometricMean, median } from './statistics.mjs';
import { limitOf, suites } from './suites.mjs';

/** Without a name; the others take minutes. */
const USUAL = ['memory', 'kernels', 'integer', 'further', 'hello'];

/** Runs every runner in each round, in turns: benchmark -> the times of each runner. */
function measureInTurns(runners, rounds) {
  const times = new Map();
  for (let round = 0; round < rounds; round++) {
    const results = runners.map((run) => run());
    for (const [name, { checksum }] of results[0]) {
      const all = results.map((result) => result.get(name));
      const other = all.find((result) => result?.checksum !== checksum);
      if (other || all.includes(undefined))
        throw new Error(`${name}: ${other?.checksum} instead of ${checksum}`);
      const entry = times.get(name) ?? runners.map(() => []);
      for (const [i, { time }] of all.entries()) entry[i].push(time);
      times.set(name, entry);
    }
  }
  return times;
}

function measureSuite(name, rounds) {
  const suite = suites[name];
  const qemu = suite.native && qemuRunner(suite.native);
  const runners = [() => runWine(suite), () => runWinmem(suite), ...(qemu ? [qemu] : [])];
  const rows = [...measureInTurns(runners, rounds)].map(([benchmark, times]) => {
    const [wine, winmem, emulated] = times.map(median);
    return row(benchmark, suite.unit, winmem, wine, limitOf(name, benchmark), emulated && emulated / wine);
  });
  return [...rows, ...(SUMMARIES[name]?.(rows) ?? [])];
}

const SUMMARIES = { integer: meanRow, depth: tierUpRow };

/** The mean of the ratios; it must be below qemu-user's as well. */
function meanRow(rows) {
  const qemu = rows[0].qemu && geometricMean(rows.map((each) => each.qemu));
  const limit = Math.min(limitOf('mean'), qemu ?? Infinity);
  return [{ name: 'geometric mean', ratio: geometricMean(rows.map(({ ratio }) => ratio)), limit, qemu }];
}

/**
 * An iteration in the first, long call of a function beside one in code that V8 never optimizes: that the function was
 * optimized while it ran. Beside one of the second call it says less: from one second to the next the same code takes
 * up to twice as long on a shared processor, and unoptimized code eight times as long.
 */
function tierUpRow(rows) {
  const first = rows.find(({ name }) => name === 'loop').winmem;
  const { exe } = suites.depth;
  const unoptimized = runWinmem({ exe, args: ['time', 'loop-again'], nodeOptions: ['--liftoff-only'] });
  const picoseconds = (first * 1e6) / 2 ** 33;
  const other = (unoptimized.get('loop-again').time * 1e6) / 2 ** 30;
  return [
    {
      ...row('an iteration of the first call', 'ps', picoseconds, other, limitOf('tierUp')),
      against: 'unoptimized',
    },
  ];
}

/** The whole process, start to end, against a Node that does nothing. */
function measureHello(rounds) {
  const hello = [CLI, 'run', '--quiet', join(root, 'examples/hello.exe')];
  const own = [];
  const node = [];
  for (let round = 0; round < rounds * 4; round++) {
    node.push(nodeMilliseconds(['-e', '0']));
    own.push(nodeMilliseconds(hello));
  }
  return [{ ...row('hello.exe', 'ms', median(own), median(node), limitOf('hello')), against: '`node -e 0`' }];
}

function row(name, unit, winmem, other, limit, qemu) {
  return { name, unit, winmem, other, ratio: winmem / other, limit, qemu };
}

function table(rows) {
  const fixed = (value, digits) => value?.toFixed(digits) ?? '';
  const time = (value) => fixed(value, value >= 100 ? 0 : 1);
  const lines = rows.map(({ name, unit, winmem, other, against, ratio, limit, qemu }) => {
    const shown = limit && String(Math.round(limit * 100) / 100);
    const beside = other === undefined ? '' : (against ?? 'Wine');
    const cells = [name, unit, time(winmem), time(other), beside, fixed(ratio, 2), shown, fixed(qemu, 2)];
    return `| ${cells.map((cell) => cell ?? '').join(' | ')} |`;
  });
  return [
    '| benchmark | unit | winmem | beside | of | ratio | limit | qemu-user |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function measure(suite, rounds) {
  if (suite === 'hello') return measureHello(rounds);
  if (suite === 'scale') {
    return measureScale(rounds).map(({ name, many, few }) => ({
      ...row(name, 'ns', many, few, limitOf('scale', name)),
      against: 'with 100',
    }));
  }
  if (suite === 'programs') {
    return measurePrograms(rounds).map(({ name, winmem, wine }) =>
      row(name, 's', winmem, wine, limitOf('programs', name)),
    );
  }
  if (!Object.hasOwn(suites, suite)) throw new Error(`no suite ${suite}`);
  return measureSuite(suite, rounds);
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  if (!existsSync(CLI)) throw new Error('dist/cli.cjs is not built: npm run build');
  const rounds = Number(values.rounds);
  const wanted = positionals.length > 0 ? positionals : USUAL;
  if (haveWine) startWine();
  const rows = wanted.flatMap((suite) => measure(suite, rounds));
  console.log(table(rows));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  const slow = rows.filter(({ ratio, limit }) => limit !== undefined && ratio > limit);
  for (const { name, ratio, limit } of slow)
    console.error(`bench: ${name} takes ${ratio.toFixed(2)}x, the limit is ${limit.toFixed(2)}x`);
  if (values.check && slow.length > 0) process.exitCode = 1;
}

main();

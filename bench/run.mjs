// The benchmarks: the same .exe under Wine (which runs it natively) and under winmem, in turns, timed inside the
// program; and a whole process of hello.exe against `node -e 0`. Prints a table in Markdown.
//
//   node bench/run.mjs [--rounds N] [--json FILE] [memory|kernels|hello]...
//
// A ratio is winmem's median over the other's. `limit` is the largest that we accept; --check fails above it.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { haveWine, startWine, wineCommand, wineEnvironment } from '../scripts/wine.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const CLI = join(root, 'dist/cli.cjs');
const SUITES = { memory: 'bench/guest/memory.exe', kernels: 'bench/guest/kernels.exe' };
const LIMITS = {
  'demand-zero-fault': 0.2,
  VirtualQuery: 0.2,
  VirtualProtect: 0.2,
  'VirtualAlloc+touch+VirtualFree': 0.3,
  'HeapAlloc+HeapFree': 3,
  sieve: 5,
  'list-walk': 5,
  fib: 5,
  crc: 5,
  'hello.exe': 3,
};

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** What a program printed: name -> { time, checksum }. */
function parse(output) {
  const results = new Map();
  for (const line of output.trim().split(/\r?\n/)) {
    const [name, time, checksum] = line.split(' ');
    results.set(name, { time: Number(time), checksum });
  }
  return results;
}

function runWine(exe) {
  const [command, args] = wineCommand(exe);
  return parse(
    execFileSync(command, args, { env: wineEnvironment, stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
  );
}

function runWinmem(exe) {
  const options = { stdio: ['ignore', 'pipe', 'inherit'] };
  return parse(execFileSync(process.execPath, [CLI, 'run', '--quiet', exe], options).toString());
}

function measureSuite(suite, rounds) {
  const exe = join(root, SUITES[suite]);
  const times = new Map();
  for (let round = 0; round < rounds; round++) {
    const wine = runWine(exe);
    const winmem = runWinmem(exe);
    for (const [name, native] of wine) {
      const own = winmem.get(name);
      if (!own) throw new Error(`${name}: winmem printed no result`);
      if (own.checksum !== native.checksum)
        throw new Error(`${name}: ${own.checksum} instead of ${native.checksum}`);
      const entry = times.get(name) ?? { wine: [], winmem: [] };
      entry.wine.push(native.time);
      entry.winmem.push(own.time);
      times.set(name, entry);
    }
  }
  const unit = suite === 'memory' ? 'ns' : 'µs';
  return [...times].map(([name, { wine, winmem }]) => row(name, unit, median(winmem), median(wine)));
}

function milliseconds(args) {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')}: exit code ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** The whole process, start to end, against a Node that does nothing. */
function measureHello(rounds) {
  const hello = [CLI, 'run', '--quiet', join(root, 'examples/hello.exe')];
  const own = [];
  const node = [];
  for (let round = 0; round < rounds * 4; round++) {
    node.push(milliseconds(['-e', '0']));
    own.push(milliseconds(hello));
  }
  return [row('hello.exe', 'ms', median(own), median(node))];
}

function row(name, unit, winmem, other) {
  return { name, unit, winmem, other, ratio: winmem / other, limit: LIMITS[name] };
}

function table(rows) {
  const number = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
  const lines = rows.map(({ name, unit, winmem, other, ratio, limit }) => {
    const against = name === 'hello.exe' ? '`node -e 0`' : 'Wine';
    const cells = [name, unit, number(winmem), number(other), against, ratio.toFixed(2), limit ?? ''];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| benchmark | unit | winmem | other | the other is | ratio | limit |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
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
  const wanted = positionals.length > 0 ? positionals : [...Object.keys(SUITES), 'hello'];
  if (haveWine) startWine();
  const rows = wanted.flatMap((suite) =>
    suite === 'hello' ? measureHello(rounds) : measureSuite(suite, rounds),
  );
  console.log(table(rows));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  const slow = rows.filter(({ ratio, limit }) => limit !== undefined && ratio > limit);
  for (const { name, ratio, limit } of slow)
    console.error(`bench: ${name} takes ${ratio.toFixed(2)}x, the limit is ${limit}x`);
  if (values.check && slow.length > 0) process.exitCode = 1;
}

main();

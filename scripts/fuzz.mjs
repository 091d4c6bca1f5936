// Runs damaged copies of the examples. Whatever a file holds, winmem must end in time with a verdict: the program
// ran, ended in a guest exception, timed out, or was refused in one line.
//
//   npm run fuzz [-- --count N] [--seed S] [--jobs J] [--only INDEX]
//
// A mutant is made from the seed and its index alone. One that crashes or hangs the host is kept in
// .cache/fuzz/SEED-INDEX/ with what winmem said.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutate, randomOf } from './mutate.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const CLI = join(root, 'dist/cli.js');
const KEPT = join(root, '.cache/fuzz');
const TIMEOUT = 2; // seconds for the guest
const PATIENCE = 15; // seconds after which the host hangs
const OUTCOMES = ['exited', 'exception', 'timeout', 'refused'];

/** The examples: the file that is damaged, and the program that is run. */
function readTargets() {
  const folder = join(root, 'examples');
  const files = readdirSync(folder).filter((name) => /\.(exe|dll)$/.test(name));
  return files.sort().map((name) => ({
    name,
    bytes: new Uint8Array(readFileSync(join(folder, name))),
    program: name === 'plugin.dll' ? 'plugin-host.exe' : name,
    companion:
      name === 'plugin.dll' ? 'plugin-host.exe' : name === 'plugin-host.exe' ? 'plugin.dll' : undefined,
  }));
}

/** Runs winmem on a program in `work`; answers its exit status, what it said, and whether it hung. */
function runWinmem(work, program, limit) {
  return new Promise((resolve) => {
    const options = [
      '--timeout',
      `${TIMEOUT}`,
      '--quiet',
      '--json',
      join(work, 'outcome.json'),
      '--cwd',
      join(work, 'cwd'),
    ];
    const child = spawn(process.execPath, [CLI, 'run', ...options, join(work, program)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: join(work, 'cwd'),
    });
    let said = '';
    let hung = false;
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      if (said.length < 100000) said += text;
    });
    const timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, limit * 1000);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, said, hung });
    });
  });
}

/** What is wrong with a run, or undefined; and its outcome. */
function judge(work, { status, signal, said, hung }) {
  if (hung) return { wrong: `hung for ${PATIENCE} seconds` };
  if (signal) return { wrong: `killed by ${signal}` };
  let verdict;
  try {
    verdict = JSON.parse(readFileSync(join(work, 'outcome.json'), 'utf8'));
  } catch {
    return { wrong: `no verdict, exit status ${status}` };
  }
  if (!OUTCOMES.includes(verdict.outcome)) return { wrong: `outcome ${verdict.outcome}` };
  if (verdict.hostCode !== status)
    return { wrong: `exit status ${status}, but hostCode ${verdict.hostCode}` };
  if (typeof verdict.message !== 'string' || verdict.message === '' || verdict.message.includes('\n'))
    return { wrong: `message ${JSON.stringify(verdict.message)}` };
  if (/^\s+at .*:\d+:\d+\)?$/m.test(said)) return { wrong: 'a stack trace on stderr' };
  return { outcome: verdict.outcome };
}

async function tryMutant(targets, seed, index) {
  const random = randomOf(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const target = targets[random(targets.length)];
  const { bytes, kinds } = mutate(
    target.bytes,
    targets.map((other) => other.bytes),
    random,
  );
  const work = mkdtempSync(join(tmpdir(), 'winmem-fuzz-'));
  try {
    mkdirSync(join(work, 'cwd'));
    writeFileSync(join(work, target.name), bytes);
    if (target.companion) cpSync(join(root, 'examples', target.companion), join(work, target.companion));
    const result = await runWinmem(work, target.program, PATIENCE);
    const verdict = judge(work, result);
    if (verdict.wrong) {
      const kept = join(KEPT, `${seed}-${index}`);
      rmSync(kept, { recursive: true, force: true });
      mkdirSync(dirname(kept), { recursive: true });
      cpSync(work, kept, { recursive: true });
      writeFileSync(
        join(kept, 'report.txt'),
        `${target.name}: ${kinds.join(', ')}\n${verdict.wrong}\n\n${result.said}`,
      );
      console.error(
        `fuzz: mutant ${index} of ${target.name} (${kinds.join(', ')}): ${verdict.wrong}; kept in ${kept}`,
      );
    }
    return verdict.outcome ?? 'failed';
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Before damaged programs: the whole ones must run, or the verdicts mean nothing. */
async function checkWhole(targets) {
  for (const target of targets) {
    if (target.program !== target.name) continue;
    const work = mkdtempSync(join(tmpdir(), 'winmem-fuzz-'));
    mkdirSync(join(work, 'cwd'));
    cpSync(join(root, 'examples', target.name), join(work, target.name));
    if (target.companion) cpSync(join(root, 'examples', target.companion), join(work, target.companion));
    const verdict = judge(work, await runWinmem(work, target.program, 60));
    rmSync(work, { recursive: true, force: true });
    if (!['exited', 'timeout'].includes(verdict.outcome))
      throw new Error(`${basename(target.name)} as it is: ${verdict.wrong ?? verdict.outcome}`);
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: `${availableParallelism()}` },
      only: { type: 'string' },
    },
  });
  if (!existsSync(CLI)) throw new Error('dist/cli.js is not built: npm run build');
  const seed = Number(values.seed);
  const targets = readTargets();
  await checkWhole(targets);
  const first = Number(values.only ?? 0);
  const end = values.only === undefined ? Number(values.count) : first + 1;
  const counts = { exited: 0, exception: 0, timeout: 0, refused: 0, failed: 0 };
  let next = first;
  const work = async () => {
    while (next < end) {
      const index = next++;
      counts[await tryMutant(targets, seed, index)]++;
      if ((index + 1) % 500 === 0) console.error(`fuzz: ${index + 1} of ${end}: ${JSON.stringify(counts)}`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  console.log(`seed ${seed}, ${end - first} mutants: ${JSON.stringify(counts)}`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

await main();

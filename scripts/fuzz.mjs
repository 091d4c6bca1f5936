// Runs damaged copies of programs. Whatever a file holds, winmem must end in time with a verdict: the program
// ran, ended in a guest exception, timed out, or was refused in one line.
//
//   npm run fuzz [-- --corpus examples|programs] [--count N] [--first INDEX] [--seed S] [--jobs J]
//
// A mutant is made from the seed and its index alone. One that crashes or hangs the host, or whose verdict is
// none, is kept in .cache/fuzz/CORPUS-SEED-INDEX/ with what winmem said. Workers (scripts/fuzz-worker.mjs) run many mutants
// each; one that hangs is killed.
import { execFileSync, fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { corpusNames, mutantOf, targetsOf, writeMutant } from './fuzz-mutants.mjs';
import { root } from './prepare.mjs';
import { v8Flags } from './v8-flags.mjs';

const KEPT = join(root, '.cache/fuzz');
const PATIENCE = 10_000; // milliseconds without an answer after which the host hangs
const WHOLE_PATIENCE = 90_000;
const MUTANTS_OF_A_WORKER = 500; // then a fresh one, so that a leak shows as slowness and not as a crash
// Every machine counts as 4 GiB to the collector, which then runs often; a larger nursery makes that cheap.
const NODE_OPTIONS = [...v8Flags, '--min-semi-space-size=16', '--max-semi-space-size=32'];
const HOST_CODES = { timeout: 124, refused: 126, interrupted: 130 };
// A guest that used up its processor time was interrupted by the worker: it timed out.
const COUNTED_AS = {
  exited: 'exited',
  exception: 'exception',
  timeout: 'timeout',
  interrupted: 'timeout',
  refused: 'refused',
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: lines for a terminal must have none
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/;
const LONGEST_LINE = 2000;
const MOST_REFUSALS = 40;

/** A child process that answers one mutant at a time; replaced when it ends, hangs or has done its share. */
class Worker {
  #child;
  #done = 0;
  #said = '';
  #settle = () => {};
  #folder;

  /** `folder` takes the temporary files, also those of a child that is killed. */
  constructor(folder) {
    this.#folder = folder;
  }

  #start() {
    const env = { ...process.env, TMPDIR: this.#folder };
    const options = { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: NODE_OPTIONS, env };
    const child = fork(join(root, 'scripts/fuzz-worker.mjs'), options);
    this.#child = child;
    this.#done = 0;
    this.#said = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      if (this.#said.length < 100_000) this.#said += text;
    });
    child.on('message', (answer) => this.#settle(answer));
    child.on('close', (status, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#settle({ crashed: signal ? `killed by ${signal}` : `the host ended with code ${status}` });
    });
  }

  /** Runs a mutant: what the worker answers, or { crashed } or { hung }; `said` is its stderr. */
  run(corpus, seed, index, patience) {
    if (!this.#child) this.#start();
    return new Promise((resolve) => {
      const started = performance.now();
      const timer = setTimeout(() => {
        this.#settle({ hung: true });
        this.stop();
      }, patience);
      this.#settle = (answer) => {
        this.#settle = () => {};
        clearTimeout(timer);
        resolve({ ...answer, said: this.#said, time: performance.now() - started });
        this.#said = '';
        if (++this.#done >= MUTANTS_OF_A_WORKER) this.stop();
      };
      this.#child.send({ corpus, seed, index }, () => {});
    });
  }

  stop() {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }
}

/** What is wrong with an answer, or undefined. */
function wrongWith({ hung, crashed, thrown, outcome: verdict, lines, said }) {
  if (hung) return 'the host hung';
  if (crashed) return crashed;
  if (thrown) return `an error of our own: ${thrown}`;
  if (!COUNTED_AS[verdict.outcome]) return `outcome ${verdict.outcome}`;
  const { hostCode, message } = verdict;
  if (!Number.isInteger(hostCode) || hostCode < 0 || hostCode > 255) return `host code ${hostCode}`;
  if ((HOST_CODES[verdict.outcome] ?? hostCode) !== hostCode)
    return `host code ${hostCode} of ${verdict.outcome}`;
  if (typeof message !== 'string' || message === '') return 'no message';
  const refusals = verdict.outcome === 'refused' ? lines.length : 1;
  if (refusals === 0 || refusals > MOST_REFUSALS) return `${refusals} lines of refusal`;
  const bad = [message, ...lines].find((line) => CONTROL.test(line) || line.length > LONGEST_LINE);
  if (bad !== undefined) return `not one clean line: ${JSON.stringify(bad)}`;
  if (said !== '') return 'the host wrote to stderr';
  return undefined;
}

function keep(corpus, seed, index, wrong, said) {
  const mutant = mutantOf(corpus, seed, index);
  const kept = join(KEPT, `${corpus}-${seed}-${index}`);
  rmSync(kept, { recursive: true, force: true });
  writeMutant(mutant, kept);
  const what = `mutant ${index} of ${mutant.name} (${mutant.kinds.join(', ')})`;
  writeFileSync(join(kept, 'report.txt'), `${what}\n${wrong}\n\n${said}`);
  console.error(`fuzz: ${what}: ${wrong}; kept in ${kept}`);
}

/** Before damaged programs: the whole ones must run, or the verdicts mean nothing. */
async function checkWhole(worker, corpus) {
  for (const [number, target] of targetsOf(corpus).entries()) {
    const answer = await worker.run(corpus, 0, -1 - number, WHOLE_PATIENCE);
    const wrong =
      wrongWith(answer) ?? (answer.outcome.outcome === 'exited' ? undefined : answer.outcome.message);
    if (wrong) throw new Error(`${target.name} as it is: ${wrong}`);
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      corpus: { type: 'string', default: 'examples' },
      count: { type: 'string', default: '20000' },
      first: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: `${availableParallelism()}` },
    },
  });
  if (!existsSync(join(root, 'dist/winmem.js'))) throw new Error('dist/ is not built: npm run build');
  const { corpus } = values;
  if (!corpusNames.includes(corpus)) throw new Error(`--corpus is one of ${corpusNames.join(', ')}`);
  if (corpus === 'programs')
    execFileSync(join(root, 'scripts/build-programs.sh'), { stdio: ['ignore', 2, 2] });
  const [seed, first, count] = [values.seed, values.first, values.count].map(Number);
  const counts = { exited: 0, exception: 0, timeout: 0, refused: 0, failed: 0 };
  const started = performance.now();
  let [next, done, slowest] = [first, 0, { time: 0, index: first }];
  const work = async (worker) => {
    while (next < first + count) {
      const index = next++;
      const answer = await worker.run(corpus, seed, index, PATIENCE);
      const wrong = wrongWith(answer);
      if (wrong) keep(corpus, seed, index, wrong, answer.said);
      counts[wrong ? 'failed' : COUNTED_AS[answer.outcome.outcome]]++;
      if (answer.time > slowest.time) slowest = { time: answer.time, index };
      if (++done % 500 === 0) console.error(`fuzz: ${done} of ${count}: ${JSON.stringify(counts)}`);
    }
  };
  const folder = mkdtempSync(join(tmpdir(), 'winmem-fuzz-'));
  const workers = Array.from({ length: Number(values.jobs) }, () => new Worker(folder));
  try {
    await checkWhole(workers[0], corpus);
    await Promise.all(workers.map(work));
  } finally {
    for (const worker of workers) worker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${corpus}, seed ${seed}, ${count} mutants in ${seconds} s: ${JSON.stringify(counts)}`);
  console.log(`slowest: mutant ${slowest.index} in ${slowest.time.toFixed(0)} ms`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

await main();

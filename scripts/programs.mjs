// Runs programs that nobody here wrote, the same .exe under Wine and under the built winmem, and compares every byte
// of what they write: stdout, stderr, the files in their folder, the exit code.
//
//   node scripts/programs.mjs [NAME...]     a run whose name begins with NAME; all without one
//
// Builds the programs first (scripts/build-programs.sh). Fails when a byte differs. Prints whole-process times, what
// the program itself measured (inside), and the memory that winmem took; a * where that is more than it should be.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build, root } from './prepare.mjs';
import { cases, waiting } from './programs-cases.mjs';
import { startWine, windowsPath, wineCommand, wineEnvironment } from './wine.mjs';

const LONGEST_RUN = 300_000;
const MB = 1024 * 1024;
/** What winmem should take at most besides the guest's own resident pages. */
const OWN_MEMORY = 150 * MB;
const MEMORY_OF_A_TRANSLATED_BYTE = 80;

/** Runs a command in a folder; stdout and stderr go to files, for they are large. */
function spawnIn(folder, output, command, args, { stdin, env }) {
  const fds = [openSync(stdin ?? '/dev/null', 'r'), ...output.map((path) => openSync(path, 'w'))];
  const started = performance.now();
  try {
    const { status, signal, error } = spawnSync(command, args, {
      cwd: folder,
      env,
      stdio: fds,
      timeout: LONGEST_RUN,
    });
    if (error) throw error;
    return { code: signal ?? status, time: performance.now() - started };
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** Files of a folder: name -> bytes. */
function filesOf(folder) {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

class Comparison {
  #work = mkdtempSync(join(tmpdir(), 'winmem-programs-'));
  /** Folders that runs left under Wine, by the name of the run. */
  #left = new Map();

  /** Runs a case both ways: what differs, and the times. */
  compare(test, number) {
    const wine = this.#prepare(test, `${number}-wine`);
    const winmem = this.#prepare(test, `${number}-winmem`);
    const expected = this.#underWine(test, wine);
    this.#left.set(test.name, wine.folder);
    const actual = this.#underWinmem(test, winmem);
    return { expected, actual, differences: [...this.#differences(expected, actual)] };
  }

  close() {
    rmSync(this.#work, { recursive: true, force: true });
  }

  #prepare(test, name) {
    const folder = join(this.#work, name);
    mkdirSync(folder);
    if (test.takes) {
      const [run, file] = test.takes;
      copyFileSync(join(this.#left.get(run), file), join(folder, file));
    }
    for (const file of test.files) copyFileSync(file, join(folder, basename(file)));
    const output = ['stdout', 'stderr'].map((stream) => join(this.#work, `${name}.${stream}`));
    return { folder, output, stdin: this.#stdin(test, folder, name) };
  }
  #stdin({ stdin }, folder, name) {
    if (typeof stdin === 'string') return stdin.startsWith('/') ? stdin : join(folder, stdin);
    if (stdin === undefined) return undefined;
    const path = join(this.#work, `${name}.stdin`);
    writeFileSync(path, stdin);
    return path;
  }

  #underWine(test, { folder, output, stdin }) {
    const [command, args] = wineCommand(join(folder, test.program), test.args);
    const env = wineEnvironment;
    const { code, time } = spawnIn(folder, output, command, args, { stdin, env });
    const here = `${windowsPath(folder)}\\`;
    // winmem's programs see their folder as D:.
    return { code, time, ...this.#written(test, folder, output, (text) => text.replaceAll(here, 'D:\\')) };
  }

  #underWinmem(test, { folder, output, stdin }) {
    const [usage, json] = ['usage', 'json'].map((name) => `${folder}.${name}`);
    const report = `data:text/javascript,import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(${JSON.stringify(
      usage,
    )},String(process.resourceUsage().maxRSS)))`;
    const args = ['--import', report, join(root, 'dist/cli.cjs'), 'run', '--quiet', '--json', json];
    args.push(join(folder, test.program), ...test.args);
    const { code, time } = spawnIn(folder, output, process.execPath, args, { stdin, env: process.env });
    const outcome = JSON.parse(readFileSync(json, 'utf8'));
    const memory = Number(readFileSync(usage, 'utf8')) * 1024;
    return { code, time, outcome, memory, ...this.#written(test, folder, output, (text) => text) };
  }

  /** What a run wrote: `text` of both streams without what differs from run to run, and the files it left. */
  #written(test, folder, output, rewrite) {
    const [stdout, stderr] = output.map((path) => readFileSync(path));
    const clean = (bytes) =>
      test.hide.reduce((text, pattern) => text.replace(pattern, '?'), rewrite(bytes.toString('latin1')));
    const inside = test.inside && Number(test.inside.exec(stdout.toString('latin1'))?.[1]);
    return { stdout: clean(stdout), stderr: clean(stderr), files: filesOf(folder), inside };
  }

  *#differences(expected, actual) {
    const { outcome } = actual;
    if (outcome.outcome !== 'exited') yield `winmem: ${outcome.message}`;
    else if (actual.code !== expected.code) yield `exit code ${actual.code}, not ${expected.code}`;
    for (const stream of ['stdout', 'stderr']) {
      const difference = firstDifference(expected[stream], actual[stream]);
      if (difference) yield `${stream} ${difference}`;
    }
    for (const name of new Set([...expected.files.keys(), ...actual.files.keys()])) {
      const [there, here] = [expected.files.get(name), actual.files.get(name)];
      if (!here || !there) yield `file ${name} is only ${here ? 'here' : 'under Wine'}`;
      else if (!here.equals(there)) yield `file ${name}: ${here.length} bytes, ${there.length} under Wine`;
    }
  }
}

/** Where two texts first differ, with the lines there; undefined when they are the same. */
function firstDifference(expected, actual) {
  if (expected === actual) return undefined;
  const [there, here] = [expected.split('\n'), actual.split('\n')];
  const line = there.findIndex((text, i) => text !== here[i]);
  const at = line < 0 ? there.length : line;
  const show = (text) => (text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 200)));
  return `line ${at + 1}: ${show(here[at])}, under Wine ${show(there[at])}`;
}

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
  const isNamed = ({ name }, some) => some.some((start) => name.startsWith(start));
  const chosen = cases.filter((test) => (names.length > 0 ? isNamed(test, names) : !isNamed(test, waiting)));
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

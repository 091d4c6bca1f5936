// One run of a program that nobody here wrote, under Wine and under the built winmem: what it wrote, what differs, times.
import { spawnSync } from 'node:child_process';
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
import { root } from './prepare.mjs';
import { windowsPath, wineCommand, wineEnvironment } from './wine.mjs';

const LONGEST_RUN = 300_000;

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

/** Runs cases of programs-cases.mjs in folders of their own, in order. */
export class Comparison {
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
    const [usage, json, report] = ['usage', 'json', 'cjs'].map((name) => `${folder}.${name}`);
    // By require: an import would make Node load what it has for modules, 20 ms of a start.
    const write = `require('fs').writeFileSync(${JSON.stringify(usage)}, String(process.resourceUsage().maxRSS))`;
    writeFileSync(report, `process.on('exit', () => ${write});`);
    const args = ['--require', report, join(root, 'dist/cli.cjs'), 'run', '--quiet', '--json', json];
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

// Runs our Windows programs under Wine and keeps what they print and their exit codes: the recorded truth that
// the tests compare with.
//
//   node scripts/oracle.mjs [--check] [NAME...]
//   node scripts/oracle.mjs --run EXE [ARGUMENT...]    shows what it prints, e.g. test/guest/faults.exe -v add_m_r64
//
// examples/NAME.exe   -> examples/expected/NAME.txt and NAME.json
// test/guest/NAME.exe -> test/recorded/NAME.txt and NAME.json
// Where Microsoft's documentation and Wine differ (test/recorded/differences.json) NAME.txt says what the
// documentation says, and NAME.wine.txt keeps what Wine printed. docs/differences.md is made from that file.
// --check changes nothing, names what is no longer as recorded, and fails.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groups } from './fault-program.mjs';
import { startWine, windowsPath, wineCommand, wineEnvironment } from './wine.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const DIFFERENCES = join(root, 'test/recorded/differences.json');
const TABLE = join(root, 'docs/differences.md');
const FOLDERS = [
  { programs: 'examples', recorded: 'examples/expected' },
  { programs: 'test/guest', recorded: 'test/recorded' },
];

/** Programs that take an argument: each run is recorded under a name of its own. */
const CRASHES = [
  'read',
  'write',
  'execute',
  'guard',
  'divide',
  'breakpoint',
  'illegal',
  'privileged',
  'fastfail',
  'stack',
  'handled',
  'exit',
  'return',
  'process',
  'abort',
];
const THREAD_ENDS = ['nothing', 'endthread', 'endthreadex', 'exitthread'];
/** A run for each argument, named after it. */
function runsBy(program, args) {
  return args.map((arg) => ({ name: `${program}-${arg}`, args: [arg] }));
}
/** A run in the plain mode and one in each other mode. */
function instructionRuns(program, modes) {
  const name = `instructions-${program}`;
  return [{ name, args: [] }, ...runsBy(name, modes)];
}
function cxxRuns(name) {
  const ends = ['noexcept', 'uncaught'].map((how) => ({ name: `${name}-${how}`, args: [`-${how[0]}`] }));
  return [{ name, args: [] }, ...ends];
}
const RUNS = {
  endless: [],
  crash: runsBy('crash', CRASHES),
  'instructions-integer': [{ name: 'instructions-integer', args: [] }],
  'instructions-sse': instructionRuns('sse', ['full', 'near']),
  'instructions-x87': instructionRuns('x87', ['full', 'near']),
  seh: [
    { name: 'seh', args: [] },
    { name: 'seh-overflow', args: ['overflow'] },
  ],
  'cxx-msvc': cxxRuns('cxx-msvc'),
  'cxx-fh4': cxxRuns('cxx-fh4'),
  'rtti-msvc': [
    { name: 'rtti-msvc', args: [] },
    ...['pure', 'handler'].map((how) => ({ name: `rtti-msvc-${how}`, args: [`-${how[0]}`] })),
  ],
  // A million longjmps take longer than a test should: `node bench/run.mjs depth`, which .ci/run runs.
  depth: runsBy('depth', ['loop', 'recursion', 'exceptions']),
  'crt-thread': runsBy('crt-thread', THREAD_ENDS),
  'ucrt-thread': runsBy('ucrt-thread', THREAD_ENDS),
  faults: runsBy('faults', groups),
};

function listRuns(names) {
  const runs = [];
  for (const { programs, recorded } of FOLDERS) {
    for (const file of readdirSync(join(root, programs)).sort()) {
      if (!file.endsWith('.exe')) continue;
      const program = basename(file, '.exe');
      for (const { name, args } of RUNS[program] ?? [{ name: program, args: [] }]) {
        if (names.length > 0 && !names.includes(name) && !names.includes(program)) continue;
        runs.push({ name, args, exe: join(root, programs, file), recorded: join(root, recorded) });
      }
    }
  }
  return runs;
}

/** Runs all of them with one start of Wine; adds `stdout` and `exitCode` to each. */
function runUnderWine(runs) {
  startWine();
  const work = mkdtempSync(join(tmpdir(), 'winmem-oracle-'));
  try {
    const lines = runs.map((run, i) => {
      run.output = join(work, `${i}.out`);
      const folder = join(work, `${i}`);
      mkdirSync(folder);
      const command = [basename(run.exe), ...run.args].join(' ');
      return [windowsPath(run.exe), command, windowsPath(folder), windowsPath(run.output)].join('\t');
    });
    writeFileSync(join(work, 'list'), `${lines.join('\n')}\n`);
    const [command, args] = wineCommand(join(root, 'scripts/oracle-run.exe'), [
      windowsPath(join(work, 'list')),
    ]);
    const answer = execFileSync(command, args, { env: wineEnvironment, stdio: ['ignore', 'pipe', 'ignore'] });
    const codes = answer.toString('latin1').trim().split(/\r?\n/);
    runs.forEach((run, i) => {
      if (!/^[0-9a-f]{8}$/.test(codes[i] ?? '')) throw new Error(`${run.name}: ${codes[i] ?? 'no answer'}`);
      run.exitCode = Number.parseInt(codes[i], 16);
      run.stdout = readFileSync(run.output).toString('latin1');
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What a program should print and answer by the documentation, from what it did under Wine. */
function documented(run, differences) {
  let text = run.stdout;
  let exitCode = run.exitCode;
  let differs = false;
  for (const entry of differences) {
    if (entry.program !== run.name) continue;
    differs = true;
    if (entry.exitCode) exitCode = Number.parseInt(entry.exitCode.documented, 16);
    for (const pair of entry.lines ?? []) {
      const [wine, line] = pair.map((lines) => lines.replaceAll('\n', '\r\n'));
      const at = `\r\n${text}`.indexOf(`\r\n${wine}\r\n`);
      if (at < 0) throw new Error(`${run.name}: Wine no longer prints ${JSON.stringify(wine)}`);
      text = text.slice(0, at) + line + text.slice(at + wine.length);
    }
  }
  return { text, exitCode, differs };
}

/** The recorded files of a run: path -> text. */
function recordedFiles(run, differences) {
  const { text, exitCode, differs } = documented(run, differences);
  const base = join(run.recorded, run.name);
  const files = new Map();
  files.set(`${base}.txt`, text);
  files.set(`${base}.json`, `${JSON.stringify({ args: run.args, exitCode })}\n`);
  if (differs) files.set(`${base}.wine.txt`, run.stdout);
  return files;
}

function differencesPage(differences) {
  const codeLine = (line) =>
    (line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``).replaceAll('|', '\\|');
  const code = (text) => text.trim().split('\n').map(codeLine).join('<br>');
  const rows = differences.map((entry) => {
    const lines = entry.lines ?? [];
    const exit = entry.exitCode
      ? [[`exit code ${entry.exitCode.wine}`, `exit code ${entry.exitCode.documented}`]]
      : [];
    const column = (i) => [...lines, ...exit].map((pair) => code(pair[i])).join('<br>');
    return `| ${entry.program} | ${column(0)} | ${column(1)} | ${entry.why} [page](${entry.page}) |`;
  });
  return `# Where Wine and the documentation differ

The programs in \`examples/\` and \`test/guest/\` are run under Wine (8.0, Debian 12) and their output is recorded. Where
Wine does something else than Microsoft's documentation says, winmem does what the documentation says. These are
all such places. \`node scripts/oracle.mjs\` makes this page from \`test/recorded/differences.json\`; for each program
named here \`NAME.txt\` holds the documented output and \`NAME.wine.txt\` Wine's own.

| program | Wine prints | winmem prints | because |
|---|---|---|---|
${rows.join('\n')}
`;
}

/** Shows what one program prints under Wine, with the arguments given. */
function show(exe, args) {
  startWine();
  const [command, rest] = wineCommand(exe, args);
  process.exitCode = spawnSync(command, rest, { env: wineEnvironment, stdio: 'inherit' }).status ?? 1;
}

/** What must be the same on every processor: of near results (see test/guest/README.md) not the results. */
function comparable(path, text) {
  return path.endsWith('-near.txt') ? text.replaceAll(/^(\S+ \S+ \S+) .*$/gm, '$1') : text;
}

function isAsRecorded(path, text) {
  if (!existsSync(path)) return false;
  return (
    comparable(path, readFileSync(path).toString('latin1')) ===
    comparable(path, Buffer.from(text).toString('latin1'))
  );
}

function main() {
  const args = process.argv.slice(2);
  if (args[0] === '--run') return show(args[1], args.slice(2));
  const check = args.includes('--check');
  const names = args.filter((arg) => !arg.startsWith('--'));
  const differences = JSON.parse(readFileSync(DIFFERENCES, 'utf8'));
  const runs = listRuns(names);
  runUnderWine(runs);
  const files = new Map([[TABLE, differencesPage(differences)]]);
  for (const run of runs) for (const [path, text] of recordedFiles(run, differences)) files.set(path, text);
  let stale = 0;
  for (const [path, text] of files) {
    if (isAsRecorded(path, text)) continue;
    if (check) {
      console.error(`oracle: ${path.slice(root.length + 1)} is not what Wine and the differences give`);
      stale++;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, path === TABLE ? text : Buffer.from(text, 'latin1'));
      console.log(path.slice(root.length + 1));
    }
  }
  console.log(`${runs.length} runs under Wine, ${stale} stale files`);
  process.exitCode = stale > 0 ? 1 : 0;
}

main();

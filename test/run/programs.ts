import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = new URL('../..', import.meta.url).pathname;
export const cli = join(root, 'dist/cli.cjs');

/** A folder to run programs in. */
export function workFolder(): string {
  return mkdtempSync(join(tmpdir(), 'winmem-test-'));
}

/** One recorded run: which program, with what, and what it must print and answer. */
export interface RecordedRun {
  readonly name: string;
  readonly exe: string;
  readonly args: readonly string[];
  /** All 32 bits. */
  readonly exitCode: number;
  readonly stdout: string;
}

/** The runs recorded in a folder; "faults-alu" is faults.exe with the arguments of its record. */
export function recordedRuns(programs: string, recorded: string): RecordedRun[] {
  const folder = join(root, recorded);
  const records = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'differences.json');
  const exes = readdirSync(join(root, programs)).filter((file) => file.endsWith('.exe'));
  return records.map((file) => {
    const name = file.slice(0, -'.json'.length);
    const [exe] = exes
      .filter((each) => name === each.slice(0, -4) || name.startsWith(`${each.slice(0, -4)}-`))
      .sort((a, b) => b.length - a.length);
    if (exe === undefined) throw new Error(`${name} is recorded, but no program has made it`);
    const { args, exitCode } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const stdout = readFileSync(join(folder, `${name}.txt`), 'latin1');
    return { name, exe: join(root, programs, exe), args, exitCode, stdout };
  });
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line, as a user does. */
export function winmem(args: readonly string[], cwd: string, input?: string): Ran {
  const run = spawnSync(process.execPath, [cli, ...args], {
    cwd,
    input,
    timeout: 120_000,
    maxBuffer: 1 << 28,
  });
  return { status: run.status, stdout: run.stdout.toString('latin1'), stderr: run.stderr.toString() };
}

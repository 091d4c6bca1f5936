import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { nodeHost } from '../machine/node-host.ts';
import { standardEnvironment } from '../process/environment.ts';
import { standardDrives } from '../process/standard-drives.ts';
import { exceptionText, reportException } from '../run/exception-report.ts';
import { readHostFile } from '../run/image-source.ts';
import { Program } from '../run/program.ts';
import type { RunEnd } from '../run/runner.ts';
import { commandLine } from './command-line.ts';
import { hostCodeOf } from './exit-code.ts';
import type { RunCommand } from './options.ts';
import { type Outcome, statisticsOf, statisticsText } from './outcome.ts';
import { Tracer } from './tracer.ts';

const TIMEOUT = 124;
const OUR_ERROR = 125;
const CANNOT_RUN = 126;
const NOT_FOUND = 127;
const INTERRUPTED = 130;

/** Runs `winmem run` and answers the host's exit code. */
export async function run(command: RunCommand): Promise<number> {
  const say = (line: string) => {
    if (!command.quiet) process.stderr.write(`winmem: ${line}\n`);
  };
  const scratch = mkdtempSync(join(tmpdir(), 'winmem-'));
  try {
    const { outcome, lines } = await runIn(command, scratch);
    for (const line of lines) say(line);
    if (command.stats && outcome.statistics) {
      process.stderr.write(`${statisticsText(outcome.statistics, outcome.addressSpace ?? []).join('\n')}\n`);
    }
    if (command.json !== undefined) writeFileSync(command.json, `${JSON.stringify(outcome, undefined, 2)}\n`);
    return outcome.hostCode;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`winmem: ${error.message}\n`);
    return OUR_ERROR;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Ended {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

function refuse(hostCode: number, ...lines: string[]): Ended {
  return { outcome: { schema: 'winmem-run/1', outcome: 'refused', hostCode, message: lines[0]! }, lines };
}

async function runIn(command: RunCommand, scratch: string): Promise<Ended> {
  const host = nodeHost();
  const exe = resolve(command.program);
  const status = statSync(exe, { throwIfNoEntry: false });
  if (!status) return refuse(NOT_FOUND, `${command.program}: there is no such file`);
  if (status.isDirectory()) return refuse(CANNOT_RUN, `${command.program}: it is a folder`);
  const file = readHostFile(host.files, exe);
  if (!file) return refuse(CANNOT_RUN, `${command.program}: it cannot be read`);
  const current = resolve(command.cwd ?? process.cwd());
  const folder = dirname(exe);
  const drives = standardDrives(host.files, { scratch, current, program: folder });
  for (const { letter, path, writable } of command.drives) drives.add(letter, resolve(path), writable);
  const path = drives.guestPath(exe) ?? `E:\\${basename(exe)}`;
  const program = Program.load({
    host,
    drives,
    file,
    name: basename(exe),
    path,
    folder: { hostPath: folder, guestPath: path.slice(0, path.lastIndexOf('\\') + 1) },
    commandLine: commandLine(path, command.args),
    currentDirectory: drives.guestPath(current) ?? 'D:\\',
    environment: new Map([...standardEnvironment(), ...command.env]),
    ram: command.ram,
  });
  if ('refused' in program) return refuse(CANNOT_RUN, ...program.refused);
  return await execute(program, command);
}

async function execute(program: Program, command: RunCommand): Promise<Ended> {
  if (command.trace !== undefined) {
    program.table.observer = new Tracer(command.trace, (line) => process.stderr.write(`${line}\n`));
  }
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const end = await program.run({ timeout: command.timeout, interrupted: () => interrupted });
  const ended = describeEnd(program, end);
  const { statistics, addressSpace } = statisticsOf(program);
  program.close();
  return { outcome: { ...ended.outcome, statistics, addressSpace }, lines: ended.lines };
}

/** The outcome without statistics, and what to say of it. */
function describeEnd(program: Program, end: RunEnd): Ended {
  const schema = 'winmem-run/1';
  if (end.kind === 'timeout') {
    return {
      outcome: { schema, outcome: 'timeout', hostCode: TIMEOUT, message: 'timed out' },
      lines: ['timed out'],
    };
  }
  if (end.kind === 'interrupted') {
    const outcome = {
      schema,
      outcome: 'interrupted',
      hostCode: INTERRUPTED,
      message: 'interrupted',
    } as const;
    return { outcome, lines: ['interrupted'] };
  }
  if (end.kind === 'stopped') return refuse(CANNOT_RUN, end.reason);
  const code = program.process.exitCode!;
  const hostCode = hostCodeOf(code);
  const exception = reportException(program.thread);
  if (exception) {
    const lines = exceptionText(exception);
    return {
      outcome: { schema, outcome: 'exception', hostCode, exitCode: code, message: lines[0]!, exception },
      lines,
    };
  }
  const lines = code > 0xff ? [`exit code ${code} (0x${code.toString(16)})`] : [];
  return {
    outcome: { schema, outcome: 'exited', hostCode, exitCode: code, message: `exit code ${code}` },
    lines,
  };
}

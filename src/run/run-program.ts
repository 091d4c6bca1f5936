import { basename, dirname, resolve } from 'node:path';
import type { ServiceObserver } from '../dlls/service-table.ts';
import type { ImageFile } from '../image/image-file.ts';
import type { Host } from '../machine/host.ts';
import type { Drives } from '../process/drives.ts';
import { environmentWith } from '../process/environment.ts';
import { standardDrives } from '../process/standard-drives.ts';
import { commandLine } from './command-line.ts';
import { exceptionText, reportException } from './exception-report.ts';
import { hostCodeOf } from './exit-code.ts';
import { openImageFile } from './image-source.ts';
import { type Outcome, statisticsOf } from './outcome.ts';
import { Program, type Refused } from './program.ts';
import type { RunEnd } from './runner.ts';

const SCHEMA = 'winmem-run/1';
const TIMEOUT = 124;
const CANNOT_RUN = 126;
const NOT_FOUND = 127;
const INTERRUPTED = 130;

/** A program file to run, and with what. Paths are the host's. */
export interface RunRequest {
  readonly host: Host;
  /** As the user wrote it. */
  readonly program: string;
  readonly args?: readonly string[];
  /** An empty folder that becomes C: and is nobody's afterwards, or what makes one when C: is first used. */
  readonly scratch: string | (() => string);
  /** Folder that becomes D:, where the program starts. Default: the current one. */
  readonly cwd?: string | undefined;
  readonly drives?: readonly {
    readonly letter: string;
    readonly path: string;
    readonly writable: boolean;
  }[];
  /** Added to the standard environment. */
  readonly env?: readonly (readonly [string, string])[];
  /** Bytes. */
  readonly ram?: number | undefined;
  /** Measure API calls. */
  readonly timed?: boolean;
  /** An unused ramMemory(); made when absent. */
  readonly memory?: WebAssembly.Memory;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  /** Fuel after which the run ends as timed out: about a nanosecond each. */
  readonly fuel?: number | undefined;
  readonly interrupted?: () => boolean;
  /** Hears of API calls. */
  readonly observer?: ServiceObserver | undefined;
}

/** How a run ended, as data, and the lines to tell people. */
export interface Ended {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

/**
 * Runs a program file to its end on a machine of its own. Whatever the file holds, this answers with an
 * outcome; RangeError for a folder that is not there, a drive letter that is taken, or an unusable `ram`.
 */
export async function runProgram(request: RunRequest): Promise<Ended> {
  const { files } = request.host;
  const exe = resolve(request.program);
  const status = files.status(exe);
  if (status === 'ENOENT' || status === 'ENOTDIR')
    return refuse(NOT_FOUND, `${request.program}: there is no such file`);
  if (typeof status !== 'string' && status.kind === 'directory')
    return refuse(CANNOT_RUN, `${request.program}: it is a folder`);
  const file = openImageFile(files, exe);
  if (!file) return refuse(CANNOT_RUN, `${request.program}: it cannot be read`);
  try {
    return await runFile(request, exe, file);
  } finally {
    file.close();
  }
}

async function runFile(request: RunRequest, exe: string, file: ImageFile): Promise<Ended> {
  const { files } = request.host;
  const current = resolve(request.cwd ?? '.');
  const drives = standardDrives(files, { scratch: request.scratch, current, program: dirname(exe) });
  for (const { letter, path, writable } of request.drives ?? []) drives.add(letter, resolve(path), writable);
  const program = load(request, exe, file, drives, drives.guestPath(current) ?? 'D:\\');
  if ('refused' in program) return refuse(CANNOT_RUN, ...program.refused);
  try {
    const end = await program.run({
      timeout: request.timeout,
      fuel: request.fuel,
      interrupted: request.interrupted,
    });
    const ended = describeEnd(program, end);
    return { outcome: { ...ended.outcome, ...statisticsOf(program) }, lines: ended.lines };
  } finally {
    program.close();
  }
}

function load(
  request: RunRequest,
  exe: string,
  file: ImageFile,
  drives: Drives,
  currentDirectory: string,
): Program | Refused {
  const path = drives.guestPath(exe) ?? `E:\\${basename(exe)}`;
  return Program.load({
    host: request.host,
    drives,
    file,
    name: basename(exe),
    path,
    folder: { hostPath: dirname(exe), guestPath: path.slice(0, path.lastIndexOf('\\') + 1) },
    commandLine: commandLine(path, request.args ?? []),
    currentDirectory,
    environment: environmentWith(request.env ?? []),
    ram: request.ram,
    memory: request.memory,
    timed: request.timed,
    observer: request.observer,
  });
}

function refuse(hostCode: number, ...lines: string[]): Ended {
  return { outcome: { schema: SCHEMA, outcome: 'refused', hostCode, message: lines[0]! }, lines };
}

/** The outcome without statistics, and what to say of it. */
function describeEnd(program: Program, end: RunEnd): Ended {
  if (end.kind === 'stopped') return refuse(CANNOT_RUN, end.reason);
  if (end.kind !== 'exited') {
    const hostCode = end.kind === 'timeout' ? TIMEOUT : INTERRUPTED;
    const message = end.kind === 'timeout' ? 'timed out' : 'interrupted';
    return { outcome: { schema: SCHEMA, outcome: end.kind, hostCode, message }, lines: [message] };
  }
  const code = program.process.exitCode!;
  const hostCode = hostCodeOf(code);
  const exception = reportException(program.thread);
  if (exception) {
    const lines = exceptionText(exception);
    return {
      outcome: {
        schema: SCHEMA,
        outcome: 'exception',
        hostCode,
        exitCode: code,
        message: lines[0]!,
        exception,
      },
      lines,
    };
  }
  const message = `exit code ${code}`;
  return {
    outcome: { schema: SCHEMA, outcome: 'exited', hostCode, exitCode: code, message },
    lines: code > 0xff ? [`${message} (0x${code.toString(16)})`] : [],
  };
}

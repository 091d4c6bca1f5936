/** The whole of winmem: the memory manager with its API, and running Windows programs on it. */

export { nodeHost } from './machine/node-host.ts';
export * from './memory.ts';
export { standardEnvironment } from './process/environment.ts';
export { standardDrives } from './process/standard-drives.ts';
export { type ExceptionReport, exceptionText, reportException } from './run/exception-report.ts';
export type { Outcome, Statistics, Translation } from './run/outcome.ts';
export { Program, type ProgramOptions, type Refused } from './run/program.ts';
export { regionTable } from './run/region-table.ts';
export { type Ended, type RunRequest, runProgram } from './run/run-program.ts';
export type { RunEnd, RunOptions } from './run/runner.ts';
export type { Time } from './run/time.ts';

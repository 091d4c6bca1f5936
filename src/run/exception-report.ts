import { EXECUTE, WRITE } from '../memory/constants.ts';
import {
  STATUS_ACCESS_VIOLATION,
  STATUS_BREAKPOINT,
  STATUS_FLOAT_DENORMAL_OPERAND,
  STATUS_FLOAT_DIVIDE_BY_ZERO,
  STATUS_FLOAT_INEXACT_RESULT,
  STATUS_FLOAT_INVALID_OPERATION,
  STATUS_FLOAT_OVERFLOW,
  STATUS_FLOAT_STACK_CHECK,
  STATUS_FLOAT_UNDERFLOW,
  STATUS_GUARD_PAGE_VIOLATION,
  STATUS_HEAP_CORRUPTION,
  STATUS_ILLEGAL_INSTRUCTION,
  STATUS_IN_PAGE_ERROR,
  STATUS_INTEGER_DIVIDE_BY_ZERO,
  STATUS_INTEGER_OVERFLOW,
  STATUS_NO_MEMORY,
  STATUS_PRIVILEGED_INSTRUCTION,
  STATUS_STACK_OVERFLOW,
} from '../memory/status.ts';
import type { Process } from '../process/process.ts';
import { type ExceptionRecord, parameter, type Thread } from '../process/thread.ts';
import { regionTable } from './region-table.ts';

const NAMES = new Map([
  [STATUS_ACCESS_VIOLATION, 'access violation'],
  [STATUS_GUARD_PAGE_VIOLATION, 'guard page violation'],
  [STATUS_STACK_OVERFLOW, 'stack overflow'],
  [STATUS_IN_PAGE_ERROR, 'in-page error'],
  [STATUS_INTEGER_DIVIDE_BY_ZERO, 'integer divide by zero'],
  [STATUS_INTEGER_OVERFLOW, 'integer overflow'],
  [STATUS_FLOAT_DENORMAL_OPERAND, 'floating-point denormal operand'],
  [STATUS_FLOAT_DIVIDE_BY_ZERO, 'floating-point divide by zero'],
  [STATUS_FLOAT_INEXACT_RESULT, 'floating-point inexact result'],
  [STATUS_FLOAT_INVALID_OPERATION, 'floating-point invalid operation'],
  [STATUS_FLOAT_OVERFLOW, 'floating-point overflow'],
  [STATUS_FLOAT_STACK_CHECK, 'floating-point stack check'],
  [STATUS_FLOAT_UNDERFLOW, 'floating-point underflow'],
  [STATUS_ILLEGAL_INSTRUCTION, 'illegal instruction'],
  [STATUS_PRIVILEGED_INSTRUCTION, 'privileged instruction'],
  [STATUS_BREAKPOINT, 'breakpoint'],
  [STATUS_HEAP_CORRUPTION, 'heap corruption'],
  [STATUS_NO_MEMORY, 'no memory'],
]);
const MEMORY_FAULTS = new Set([
  STATUS_ACCESS_VIOLATION,
  STATUS_GUARD_PAGE_VIOLATION,
  STATUS_IN_PAGE_ERROR,
  STATUS_STACK_OVERFLOW,
]);

/** What an unhandled exception was, as data. Addresses are numbers; place is "module+offset". */
export interface ExceptionReport {
  readonly code: number;
  readonly name: string;
  /** Address of the instruction. */
  readonly address: number;
  readonly place: string;
  readonly access?: 'read' | 'write' | 'execute';
  readonly target?: number;
  readonly note?: string;
  /** Regions around the target, ready to print. */
  readonly regions: readonly string[];
}

/** The facts of the exception that ended a thread's process, or undefined when none did. */
export function reportException(thread: Thread): ExceptionReport | undefined {
  if (!thread.unhandled) return undefined;
  const { record } = thread.unhandled;
  const { process } = thread;
  const memory = memoryFacts(process, record);
  return {
    code: record.code,
    name: NAMES.get(record.code) ?? 'exception',
    address: record.address,
    place: process.describe(record.address),
    note: thread.unhandledNote === '' ? undefined : thread.unhandledNote,
    ...memory,
  };
}

function memoryFacts(process: Process, record: ExceptionRecord) {
  if (!MEMORY_FAULTS.has(record.code) || record.parameters.length < 4) return { regions: [] };
  const kind = parameter(record, 0);
  const target = parameter(record, 1);
  const access = kind === EXECUTE ? 'execute' : kind === WRITE ? 'write' : 'read';
  return { access, target, regions: regionTable(process, target) } as const;
}

/** The report as text: kind, access, place, then the map around the address. */
export function exceptionText(report: ExceptionReport): string[] {
  const code = `0x${report.code.toString(16).padStart(8, '0')}`;
  const access = report.access
    ? `: ${report.access} of 0x${report.target!.toString(16).padStart(12, '0')}`
    : '';
  const lines = [`unhandled exception ${code} (${report.name})${access} at ${report.place}`];
  if (report.note) lines.push(`  ${report.note}`);
  return [...lines, ...report.regions.map((line) => `  ${line}`)];
}

import type { ExceptionReport } from './exception-report.ts';
import type { Program } from './program.ts';
import { regionTable } from './region-table.ts';
import type { Time } from './time.ts';

/** Counters of a run. Sizes are bytes. */
export interface Statistics {
  readonly ram: number;
  readonly committed: number;
  readonly peakCommitted: number;
  readonly resident: number;
  readonly peakResident: number;
  readonly faults: {
    readonly demandZero: number;
    readonly copyOnWrite: number;
    readonly guard: number;
    readonly pageIn: number;
  };
}

/** What was translated. */
export interface Translation {
  readonly modules: number;
  readonly functions: number;
  readonly instructions: number;
  /** Bytes of guest code, each as often as it was translated, and of WebAssembly. */
  readonly guestBytes: number;
  readonly wasmBytes: number;
  /** Instructions run alone because they wrote to translated code, or single-stepped. */
  readonly steps: number;
}

/** How a run ended: what --json writes. */
export interface Outcome {
  readonly schema: string;
  /** 'refused' is also a program that stopped at something that is not built. */
  readonly outcome: 'exited' | 'exception' | 'timeout' | 'interrupted' | 'refused';
  /** Exit code of winmem itself. */
  readonly hostCode: number;
  /** The program's own, all 32 bits. */
  readonly exitCode?: number;
  /** One line. */
  readonly message: string;
  readonly exception?: ExceptionReport;
  readonly statistics?: Statistics;
  readonly translation?: Translation;
  readonly time?: Time;
  /** Regions of the address space at the end, as text. */
  readonly addressSpace?: readonly string[];
}

const PAGE = 4096;

/** The counters of a program, and its address space as it is now. */
export function statisticsOf(
  program: Program,
): Required<Pick<Outcome, 'statistics' | 'translation' | 'time' | 'addressSpace'>> {
  const { process, machine } = program;
  const s = process.space.statistics;
  const statistics: Statistics = {
    ram: machine.system.frames.count * PAGE,
    committed: s.committed * PAGE,
    peakCommitted: s.peakCommitted * PAGE,
    resident: s.resident * PAGE,
    peakResident: s.peakResident * PAGE,
    faults: { demandZero: s.demandZero, copyOnWrite: s.copyOnWrite, guard: s.guard, pageIn: s.pageIn },
  };
  const { modules, functions, instructions, wasmBytes, steps } = program.executor.statistics;
  const guestBytes = program.executor.translatedBytes;
  const translation = { modules, functions, instructions, guestBytes, wasmBytes, steps };
  return { statistics, translation, time: program.time, addressSpace: regionTable(process) };
}

import type { ExceptionReport } from './exception-report.ts';
import type { Program } from './program.ts';
import { regionTable } from './region-table.ts';

/** Counters of a run. Sizes are bytes. */
export interface Statistics {
  readonly ram: number;
  readonly committed: number;
  readonly peakCommitted: number;
  readonly resident: number;
  readonly peakResident: number;
  /** Guest code that was translated, each byte as often as it was. */
  readonly translated: number;
  readonly faults: {
    readonly demandZero: number;
    readonly copyOnWrite: number;
    readonly guard: number;
    readonly pageIn: number;
  };
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
  /** Regions of the address space at the end, as text. */
  readonly addressSpace?: readonly string[];
}

const PAGE = 4096;

/** The counters of a program, and its address space as it is now. */
export function statisticsOf(program: Program): { statistics: Statistics; addressSpace: string[] } {
  const { process, machine } = program;
  const s = process.space.statistics;
  const statistics: Statistics = {
    ram: machine.system.frames.count * PAGE,
    committed: s.committed * PAGE,
    peakCommitted: s.peakCommitted * PAGE,
    resident: s.resident * PAGE,
    peakResident: s.peakResident * PAGE,
    translated: program.executor.translatedBytes,
    faults: { demandZero: s.demandZero, copyOnWrite: s.copyOnWrite, guard: s.guard, pageIn: s.pageIn },
  };
  return { statistics, addressSpace: regionTable(process) };
}

import type { ExceptionReport } from '../run/exception-report.ts';
import type { Program } from '../run/program.ts';
import { regionTable } from '../run/region-table.ts';
import { formatSize } from './sizes.ts';

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

/** What --json writes. */
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

export function statisticsOf(program: Program): { statistics: Statistics; addressSpace: string[] } {
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
  return { statistics, addressSpace: regionTable(process) };
}

/** The statistics and the address space as lines. */
export function statisticsText(s: Statistics, addressSpace: readonly string[]): string[] {
  return [
    'address space at the end:',
    ...addressSpace,
    `committed ${formatSize(s.committed)} (peak ${formatSize(s.peakCommitted)}), resident ${formatSize(s.resident)} (peak ${formatSize(s.peakResident)}), RAM ${formatSize(s.ram)}`,
    `page faults: ${s.faults.demandZero} demand-zero, ${s.faults.copyOnWrite} copy-on-write, ${s.faults.guard} guard, ${s.faults.pageIn} page-in`,
  ];
}

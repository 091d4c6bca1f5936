import type { Statistics } from '../run/outcome.ts';
import { formatSize } from './sizes.ts';

/** The statistics and the address space as lines. */
export function statisticsText(s: Statistics, addressSpace: readonly string[]): string[] {
  return [
    'address space at the end:',
    ...addressSpace,
    `committed ${formatSize(s.committed)} (peak ${formatSize(s.peakCommitted)}), resident ${formatSize(s.resident)} (peak ${formatSize(s.peakResident)}), RAM ${formatSize(s.ram)}`,
    `page faults: ${s.faults.demandZero} demand-zero, ${s.faults.copyOnWrite} copy-on-write, ${s.faults.guard} guard, ${s.faults.pageIn} page-in`,
  ];
}

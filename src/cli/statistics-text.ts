import type { Outcome } from '../run/outcome.ts';
import { formatSize } from './sizes.ts';

/** The statistics and the address space as lines; nothing of a program that did not start. */
export function statisticsText({ statistics, translation, time, addressSpace }: Outcome): string {
  if (!statistics || !translation || !time) return '';
  const s = statistics;
  const ms = (value = 0) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const lines = [
    'address space at the end:',
    ...(addressSpace ?? []),
    `committed ${formatSize(s.committed)} (peak ${formatSize(s.peakCommitted)}), resident ${formatSize(s.resident)} (peak ${formatSize(s.peakResident)}), RAM ${formatSize(s.ram)}`,
    `page faults: ${s.faults.demandZero} demand-zero, ${s.faults.copyOnWrite} copy-on-write, ${s.faults.guard} guard, ${s.faults.pageIn} page-in`,
    `translated: ${translation.functions} functions, ${translation.instructions} instructions, ${translation.modules} modules of ${formatSize(translation.wasmBytes)}, ${translation.steps} single steps`,
    `time: ${ms(time.translate)} translating, ${ms(time.compile)} compiling, ${ms(time.guest)} in the program, ${ms(time.api)} in API calls`,
  ];
  return `${lines.join('\n')}\n`;
}

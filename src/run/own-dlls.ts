import { initializeMsvcrtData } from '../dlls/crt/data.ts';
import { threadData } from '../dlls/crt/state.ts';
import { msvcrtData } from '../dlls/msvcrt/index.ts';
import type { Process } from '../process/process.ts';
import type { OwnDll } from './dll-images.ts';

const KERNEL32_BASE = 0x7ff8_1000_0000;
const NTDLL_BASE = 0x7ff8_2000_0000;
const MSVCRT_BASE = 0x7ff8_3000_0000;
const UCRTBASE_BASE = 0x7ff8_4000_0000;
const VCRUNTIME140_BASE = 0x7ff8_5000_0000;
const VCRUNTIME140_1_BASE = 0x7ff8_6000_0000;

/** Memory primitives that kernel32 passes on to ntdll, and names of kernelbase that are kernel32's here. */
const KERNEL32_FORWARDS = [
  'RtlMoveMemory',
  'RtlCopyMemory',
  'RtlZeroMemory',
  'RtlFillMemory',
  'RtlCompareMemory',
  'RtlCaptureContext',
  'RtlRestoreContext',
  'RtlCaptureStackBackTrace',
  'RtlLookupFunctionEntry',
  'RtlVirtualUnwind',
  'RtlUnwind',
  'RtlUnwindEx',
  'RtlPcToFileHeader',
  'RtlAddFunctionTable',
  'RtlDeleteFunctionTable',
  'RtlInstallFunctionTableCallback',
  'RtlRaiseException',
  '__C_specific_handler',
];

/** Our DLLs, the variables that they export, and what they pass on to one another. */
export function ownDlls(): OwnDll[] {
  return [
    { dll: 'ntdll', base: NTDLL_BASE, absent: true },
    {
      dll: 'kernel32',
      base: KERNEL32_BASE,
      forwards: KERNEL32_FORWARDS.map((name) => ({ name, target: `NTDLL.${name}` })),
    },
    { dll: 'msvcrt', base: MSVCRT_BASE, data: msvcrtData },
    { dll: 'ucrtbase', base: UCRTBASE_BASE },
    { dll: 'vcruntime140', base: VCRUNTIME140_BASE },
    { dll: 'vcruntime140_1', base: VCRUNTIME140_1_BASE },
  ];
}

/** What one of our DLLs does when it has been mapped into a process, before anything of it is called. */
export function initializeOwnDll(process: Process, dll: string, dataAt: (name: string) => number): void {
  if (dll === 'msvcrt') initializeMsvcrtData(process, dataAt);
  // Made now, so that a malloc that finds no memory still has an errno to say so.
  if (dll === 'msvcrt' || dll === 'ucrtbase') threadData(process.mainThread, dll);
}

import type { OwnDll } from './dll-images.ts';

const KERNEL32_BASE = 0x7ff8_1000_0000;
const NTDLL_BASE = 0x7ff8_2000_0000;
const MSVCRT_BASE = 0x7ff8_3000_0000;

/** Memory primitives that kernel32 passes on to ntdll, and names of kernelbase that are kernel32's here. */
const KERNEL32_FORWARDS = [
  'RtlMoveMemory',
  'RtlCopyMemory',
  'RtlZeroMemory',
  'RtlFillMemory',
  'RtlCompareMemory',
  'RtlCaptureContext',
  'RtlRestoreContext',
];

/** Our DLLs, the variables that they export, and what they pass on to one another. */
export function ownDlls(
  crtData: readonly { readonly name: string; readonly size: number }[],
  spare: OwnDll['spare'],
): OwnDll[] {
  return [
    { dll: 'ntdll', base: NTDLL_BASE, spare },
    {
      dll: 'kernel32',
      base: KERNEL32_BASE,
      forwards: KERNEL32_FORWARDS.map((name) => ({ name, target: `NTDLL.${name}` })),
    },
    { dll: 'msvcrt', base: MSVCRT_BASE, data: crtData },
  ];
}

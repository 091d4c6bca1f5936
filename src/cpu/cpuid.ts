/** EAX, EBX, ECX, EDX. */
export type CpuidAnswer = readonly [number, number, number, number];

const FPU = 1 << 0;
const TSC = 1 << 4;
const CX8 = 1 << 8;
const CMOV = 1 << 15;
const FXSR = 1 << 24;
const SSE = 1 << 25;
const SSE2 = 1 << 26;
const SSE3 = 1 << 0;
const PCLMULQDQ = 1 << 1;
const SSSE3 = 1 << 9;
const CX16 = 1 << 13;
const SSE41 = 1 << 19;
const SSE42 = 1 << 20;
const MOVBE = 1 << 22;
const POPCNT = 1 << 23;
const AES = 1 << 25;
const SYSCALL = 1 << 11;
const NX = 1 << 20;
const RDTSCP = 1 << 27;
const LONG_MODE = 1 << 29;
const LAHF = 1 << 0;
const LZCNT = 1 << 5;
const LATER_SSE = SSE3 | SSSE3 | SSE41 | SSE42;
/** Family 15, model 0, stepping 1: a first-generation x86-64. */
const SIGNATURE = 0xf01;
const CACHE_LINE = (64 / 8) << 8;
const ADDRESS_BITS = (48 << 8) | 40;

const NONE: CpuidAnswer = [0, 0, 0, 0];

/** What cpuid answers: the features that are implemented, and no more. */
export function cpuid(leaf: number): CpuidAnswer {
  switch (leaf) {
    case 0:
      return [1, ...vendor()];
    case 1:
      return [
        SIGNATURE,
        CACHE_LINE,
        LATER_SSE | CX16 | MOVBE | POPCNT | AES | PCLMULQDQ,
        FPU | TSC | CX8 | CMOV | FXSR | SSE | SSE2,
      ];
    case 0x8000_0000:
      return [0x8000_0008, ...vendor()];
    case 0x8000_0001:
      return [SIGNATURE, 0, LAHF | LZCNT, SYSCALL | NX | RDTSCP | LONG_MODE];
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004:
      return text(
        BRAND.slice((leaf - 0x8000_0002) * 16, (leaf - 0x8000_0001) * 16),
      ) as unknown as CpuidAnswer;
    case 0x8000_0008:
      return [ADDRESS_BITS, 0, 0, 0];
    default:
      return NONE;
  }
}

const VENDOR = 'AuthenticAMD';
const BRAND = 'winmem x86-64 to WebAssembly translator'.padEnd(48, '\0');

/** The vendor in cpuid's order: EBX, ECX, EDX from the name's first, third and second word. */
function vendor(): [number, number, number] {
  const [first, second, third] = text(VENDOR) as [number, number, number];
  return [first, third, second];
}

function text(value: string): number[] {
  const words: number[] = [];
  for (let at = 0; at < value.length; at += 4) {
    words.push(
      value.charCodeAt(at) |
        (value.charCodeAt(at + 1) << 8) |
        (value.charCodeAt(at + 2) << 16) |
        (value.charCodeAt(at + 3) << 24),
    );
  }
  return words;
}

// What is measured: programs that print a line "name time checksum" for each of their benchmarks, and the limits.

/** `native`: the source that is also run as a Linux program under qemu-user. */
export const suites = {
  memory: { exe: 'bench/guest/memory.exe', unit: 'ns' },
  kernels: { exe: 'bench/guest/kernels.exe', unit: 'µs' },
  integer: { exe: 'bench/guest/integer.exe', unit: 'µs', native: 'integer.c' },
  further: { exe: 'bench/guest/further.exe', unit: 'µs', native: 'further.cpp' },
  depth: {
    exe: 'test/guest/depth.exe',
    args: ['time', 'loop', 'recursion', 'exceptions', 'longjmps'],
    unit: 'µs',
  },
};

/** The largest ratio that we accept: of a benchmark in a suite, or of each in it. */
const limits = {
  memory: {
    'demand-zero-fault': 0.2,
    VirtualQuery: 0.2,
    VirtualProtect: 0.2,
    'VirtualAlloc+touch+VirtualFree': 0.3,
    'HeapAlloc+HeapFree': 3,
  },
  scale: {
    VirtualQuery: 3,
    VirtualProtect: 3,
    'VirtualProtect-back': 3,
    'VirtualProtect-whole': 3,
    VirtualFree: 3,
    VirtualAlloc: 3,
    'HeapFree+HeapAlloc-48-48': 3,
    'HeapFree+HeapAlloc-1-256': 3,
    'HeapFree+HeapAlloc-1-1500': 3,
  },
  kernels: 5,
  integer: 8,
  further: 8,
  mean: 2.9,
  tierUp: 0.4,
  hello: 3,
  programs: { bzip2: 4, 'bzip2 -d': 4, speedtest1: 6 },
};

export function limitOf(suite, name) {
  const limit = limits[suite];
  return typeof limit === 'object' ? limit[name] : limit;
}

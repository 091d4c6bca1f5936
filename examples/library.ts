import {
  FILE_MAP_ALL_ACCESS,
  FILE_MAP_COPY,
  FILE_MAP_WRITE,
  Machine,
  memoryApi,
  PAGE_READONLY,
  PAGE_READWRITE,
} from 'winmem/memory';

/** Two processes share a section; one has a copy-on-write view; a forbidden store is an exception, as data. */
export function example(print: (line: string) => void): void {
  const machine = new Machine({ ram: 64 * 1024 * 1024 });
  const alice = machine.createProcess();
  const bob = machine.createProcess();
  const a = memoryApi(alice.mainThread);
  const b = memoryApi(bob.mainThread);

  const mapping = a.CreateFileMappingW(-1, 0, PAGE_READWRITE, 0, 65536, 'Local\\numbers');
  const shared = a.MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
  const same = b.OpenFileMappingW(FILE_MAP_ALL_ACCESS, 0, 'Local\\numbers');
  const view = b.MapViewOfFile(same, FILE_MAP_WRITE, 0, 0, 0);
  const copy = b.MapViewOfFile(same, FILE_MAP_COPY, 0, 0, 0);

  alice.memory.setU32(shared, 42);
  print(`bob sees ${bob.memory.u32(view)}, and ${bob.memory.u32(copy)} through his copy-on-write view`);
  bob.memory.setU32(copy, 7);
  print(`alice still sees ${alice.memory.u32(shared)}, bob's copy has ${bob.memory.u32(copy)}`);

  const old = bob.memory.u32(view);
  const oldProtect = a.VirtualAlloc(0, 4096, 0x3000, PAGE_READWRITE);
  a.VirtualProtect(shared, 4096, PAGE_READONLY, oldProtect);
  const exception = alice.write(shared, new Uint8Array([1]));
  print(`alice's store: exception 0x${exception?.code.toString(16)}, bob's view still ${old}`);
  print(`committed ${machine.system.commitCharge} pages of ${machine.system.commitLimit}`);
}

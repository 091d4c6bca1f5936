import { CALLBACK_RETURN, type ServiceTable } from '../dlls/service-table.ts';
import type { BuiltDll, CodeBlock, DllSpec, Forward } from '../image/builder.ts';
import { buildDll } from '../image/builder.ts';
import { CALLING_FRAME } from '../process/host-frames.ts';

/**
 * Images of our own DLLs: real PE files whose exports are stubs that enter the host, so that module walks,
 * GetProcAddress, export hooks and unwinding work on them as on any DLL.
 */
export interface OwnDll {
  /** As in the service table: "kernel32". */
  readonly dll: string;
  readonly base: number;
  readonly data?: readonly OwnData[];
  readonly forwards?: readonly { readonly name: string; readonly target: string }[];
  /** A block of stubs with consecutive service numbers, for functions that are absent. */
  readonly spare?: { readonly name: string; readonly firstService: number; readonly count: number };
}

/** Bytes from one spare stub to the next. */
export const SPARE_STUB = 8;

/** A variable that a DLL exports. */
export interface OwnData {
  readonly name: string;
  readonly size: number;
}

/** mov eax, service; syscall; ret */
function plainStub(name: string, service: number): CodeBlock {
  const bytes = new Uint8Array([0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3]);
  setService(bytes, 1, service);
  return { kind: 'code', name, bytes };
}

/**
 * The stub of a function that calls back: it asks the host what to call until the host answers 0, then returns
 * what the host left in rdx. Its calls are ordinary calls from a frame that can be unwound.
 */
function callingStub(name: string, service: number): CodeBlock {
  const bytes = new Uint8Array([
    0x48,
    0x83,
    0xec,
    CALLING_FRAME, // sub rsp, frame
    0xb8,
    0,
    0,
    0,
    0,
    0x0f,
    0x05, // mov eax, service; syscall
    0x48,
    0x85,
    0xc0, // again: test rax, rax
    0x74,
    0x0e, // jz done
    0xff,
    0xd0, // call rax
    0x48,
    0x89,
    0xc1, // mov rcx, rax
    0xb8,
    0,
    0,
    0,
    0,
    0x0f,
    0x05, // mov eax, CALLBACK_RETURN; syscall
    0xeb,
    0xed, // jmp again
    0x48,
    0x89,
    0xd0, // done: mov rax, rdx
    0x48,
    0x83,
    0xc4,
    CALLING_FRAME,
    0xc3, // add rsp, frame; ret
  ]);
  setService(bytes, 5, service);
  setService(bytes, 22, CALLBACK_RETURN);
  const unwind = { prologSize: 4, steps: [{ at: 4, op: 'allocate', size: CALLING_FRAME }] } as const;
  return { kind: 'code', name, bytes, unwind };
}

function setService(bytes: Uint8Array, at: number, service: number): void {
  new DataView(bytes.buffer).setUint32(at, service, true);
}

/** The file of one of our DLLs, made from everything that the service table has for it. */
export function buildOwnDll(own: OwnDll, table: ServiceTable): BuiltDll {
  const exports: DllSpec['exports'][number][] = [];
  table.functions.forEach((api, service) => {
    if (api?.dll !== own.dll) return;
    exports.push(api.calling ? callingStub(api.name, service) : plainStub(api.name, service));
  });
  for (const { name, size } of own.data ?? []) exports.push({ kind: 'data', name, size });
  const forwards: Forward[] = (own.forwards ?? []).map(({ name, target }) => ({
    kind: 'forward',
    name,
    target,
  }));
  const internal = own.spare ? [spareStubs(own.spare)] : [];
  return buildDll({ name: `${own.dll}.dll`, base: own.base, exports: [...exports, ...forwards], internal });
}

function spareStubs({
  name,
  firstService,
  count,
}: {
  name: string;
  firstService: number;
  count: number;
}): CodeBlock {
  const bytes = new Uint8Array(count * SPARE_STUB);
  for (let i = 0; i < count; i++) bytes.set(plainStub(name, firstService + i).bytes, i * SPARE_STUB);
  return { kind: 'code', name, bytes };
}

import type { ApiFunction, StubFrame } from '../dlls/api.ts';
import { directCode } from '../dlls/crt/direct.ts';
import { CALLBACK_RETURN, type ServiceTable } from '../dlls/service-table.ts';
import type { BuiltDll, CodeBlock, DllSpec, Forward } from '../image/builder.ts';
import { buildDll } from '../image/builder.ts';
import type { UnwindSpec } from '../image/unwind.ts';
import { RBP, RBX, RDI, RSI } from '../machine/cpu-state.ts';
import { UNW_FLAG_EHANDLER, UNW_FLAG_UHANDLER } from '../machine/unwind-codes.ts';
import { CONTEXT } from '../process/context.ts';
import { DISPATCH_FRAME } from '../process/stub-frames.ts';

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

/** Bytes of a stub that only enters the host. */
const STUB_SIZE = 8;
/** Bytes from one spare stub to the next. */
export const SPARE_STUB = STUB_SIZE;

/** A variable that a DLL exports. */
export interface OwnData {
  readonly name: string;
  readonly size: number;
}

const EXCEPT_AND_TERMINATE = (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER) as 3;

/** The stub of a function that does not call back, or code that does its work itself. */
function leafOf({ dll, name }: ApiFunction, service: number, table: ServiceTable): CodeBlock {
  const bytes = table.observer ? undefined : directCode(dll, name, service);
  return bytes ? { kind: 'code', name, bytes } : plainStub(name, service);
}

/** mov eax, service; syscall; ret. Written for each function of each start, so by the shortest way. */
function writeStub(bytes: Uint8Array, at: number, service: number): void {
  bytes[at] = 0xb8;
  bytes[at + 1] = service;
  bytes[at + 2] = service >>> 8;
  bytes[at + 3] = service >>> 16;
  bytes[at + 4] = service >>> 24;
  bytes[at + 5] = 0x0f;
  bytes[at + 6] = 0x05;
  bytes[at + 7] = 0xc3;
}

function plainStub(name: string, service: number): CodeBlock {
  const bytes = new Uint8Array(STUB_SIZE);
  writeStub(bytes, 0, service);
  return { kind: 'code', name, bytes };
}

/** From "ask the host" on: call what rax says, hand the result back, until the host answers 0. */
function callingLoop(service: number): Uint8Array {
  const bytes = new Uint8Array([
    ...[0xb8, 0, 0, 0, 0, 0x0f, 0x05], // mov eax, service; syscall
    ...[0x48, 0x85, 0xc0, 0x74, 0x0e], // again: test rax, rax; jz done
    ...[0xff, 0xd0, 0x48, 0x89, 0xc1], // call rax; mov rcx, rax
    ...[0xb8, 0, 0, 0, 0, 0x0f, 0x05], // mov eax, CALLBACK_RETURN; syscall
    ...[0xeb, 0xed], // jmp again
  ]);
  setService(bytes, 1, service);
  setService(bytes, 18, CALLBACK_RETURN);
  return bytes;
}

/**
 * The stub of a function that calls back: it asks the host what to call until the host answers 0, then returns
 * what the host left in rdx. Its calls are ordinary calls from a frame that can be unwound.
 */
function callingStub(name: string, service: number, frame: StubFrame): CodeBlock {
  if (frame.interrupt) return interruptStub(name, service, frame);
  const enter = new Uint8Array([0x48, 0x81, 0xec, 0, 0, 0, 0]); // sub rsp, frame
  const leave = new Uint8Array([0x48, 0x89, 0xd0, 0x48, 0x81, 0xc4, 0, 0, 0, 0, 0xc3]); // mov rax, rdx; add rsp, frame; ret
  setService(enter, 3, frame.size);
  setService(leave, 6, frame.size);
  const bytes = joined(enter, callingLoop(service), leave);
  const steps = [{ at: enter.length, op: 'allocate', size: frame.size }] as const;
  return {
    kind: 'code',
    name,
    bytes,
    unwind: { prologSize: enter.length, steps, handler: handlerOf(frame) },
  };
}

/**
 * The stub that the kernel enters for an exception. Unwinding it leads to where the exception was: the registers
 * are in the CONTEXT, rip and rsp in a machine frame above.
 */
function interruptStub(name: string, service: number, frame: StubFrame): CodeBlock {
  const bytes = joined(callingLoop(service), new Uint8Array([0xcc]));
  const context = DISPATCH_FRAME.context;
  const save = (register: number) =>
    ({ at: 0, op: 'save', register, offset: context + CONTEXT.gpr + register * 8 }) as const;
  const saveXmm = (register: number) =>
    ({ at: 0, op: 'saveXmm', register, offset: context + CONTEXT.xmm + register * 16 }) as const;
  const steps = [
    { at: 0, op: 'machineFrame', hasErrorCode: false },
    { at: 0, op: 'allocate', size: DISPATCH_FRAME.machine },
    ...[RBX, RBP, RSI, RDI, 12, 13, 14, 15].map(save),
    ...[6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(saveXmm),
  ] as const;
  return { kind: 'code', name, bytes, unwind: { prologSize: 0, steps, handler: handlerOf(frame) } };
}

function handlerOf(frame: StubFrame): UnwindSpec['handler'] {
  return frame.handler === undefined ? undefined : { flags: EXCEPT_AND_TERMINATE, name: frame.handler };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function setService(bytes: Uint8Array, at: number, service: number): void {
  new DataView(bytes.buffer).setUint32(at, service, true);
}

/** The file of one of our DLLs, made from everything that the service table has for it. */
export function buildOwnDll(own: OwnDll, table: ServiceTable): BuiltDll {
  const exports: DllSpec['exports'][number][] = [];
  const internal: CodeBlock[] = own.spare ? [spareStubs(own.spare)] : [];
  table.functions.forEach((api, service) => {
    if (api?.dll !== own.dll) return;
    const stub = api.calling ? callingStub(api.name, service, api.frame) : leafOf(api, service, table);
    (api.hidden ? internal : exports).push(stub);
  });
  for (const { name, size } of own.data ?? []) exports.push({ kind: 'data', name, size });
  const forwards: Forward[] = (own.forwards ?? []).map(({ name, target }) => ({
    kind: 'forward',
    name,
    target,
  }));
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
  for (let i = 0; i < count; i++) writeStub(bytes, i * SPARE_STUB, firstService + i);
  return { kind: 'code', name, bytes };
}

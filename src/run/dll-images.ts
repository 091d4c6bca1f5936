import type { ApiFunction, StubFrame } from '../dlls/api.ts';
import { directCode } from '../dlls/crt/direct.ts';
import { familiesOf } from '../dlls/registry.ts';
import { ABSENT_SERVICES, CALLBACK_RETURN, FIRST_ABSENT, ServiceTable } from '../dlls/service-table.ts';
import type { DllServices } from '../dlls/services.ts';
import type { CodeBlock, DllSpec } from '../image/builder.ts';
import { buildDll } from '../image/builder.ts';
import type { UnwindSpec } from '../image/unwind.ts';
import { RBP, RBX, RDI, RSI } from '../machine/cpu-state.ts';
import { UNW_FLAG_EHANDLER, UNW_FLAG_UHANDLER } from '../machine/unwind-codes.ts';
import { CONTEXT } from '../process/context.ts';
import { DISPATCH_FRAME } from '../process/stub-frames.ts';

/** What makes one of our own DLLs, apart from its functions. */
export interface OwnDll {
  /** As in the service table: "kernel32". */
  readonly dll: string;
  readonly base: number;
  readonly data?: readonly OwnData[];
  readonly forwards?: readonly { readonly name: string; readonly target: string }[];
  /** Has the stubs of functions that are absent. */
  readonly absent?: boolean;
}

/**
 * One of our own DLLs: a real PE file whose exports are stubs that enter the host, so that module walks, GetProcAddress,
 * export hooks and unwinding work on it as on any DLL.
 */
export interface OwnImage {
  readonly services: DllServices;
  readonly bytes: Uint8Array;
  /** RVAs of the functions that it does not export, by name. */
  readonly hidden: Readonly<Record<string, number>>;
  /** RVAs of the variables that it exports, by name. */
  readonly data: Readonly<Record<string, number>>;
  /** RVA of the stubs of absent functions, which lie side by side in the order of their service numbers. */
  readonly absent: number | undefined;
}

/** Bytes of a stub that only enters the host. */
export const STUB_SIZE = 8;
/** Name of the block of absent functions' stubs. */
const ABSENT = '(absent functions)';

/** A variable that a DLL exports. */
export interface OwnData {
  readonly name: string;
  readonly size: number;
}

const EXCEPT_AND_TERMINATE = (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER) as 3;

/** The stub of a function that does not call back, or code that does its work itself. */
function leafOf({ dll, name }: ApiFunction, service: number, observed: boolean): CodeBlock {
  const bytes = observed ? undefined : directCode(dll, name, service);
  return bytes ? { kind: 'code', name, bytes } : plainStub(name, service);
}

/** mov eax, service; syscall; ret */
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

/** The image of one of our DLLs. When calls are `observed`, all of them enter the host. */
export function buildOwnImage(own: OwnDll, services: DllServices, observed: boolean): OwnImage {
  const table = new ServiceTable();
  table.add(services, familiesOf[own.dll]!());
  const exports: DllSpec['exports'][number][] = [];
  const hidden: CodeBlock[] = [];
  for (let service = services.first, api = table.at(service); api; api = table.at(++service)) {
    const stub = api.calling ? callingStub(api.name, service, api.frame) : leafOf(api, service, observed);
    (api.hidden ? hidden : exports).push(stub);
  }
  const { data = [], forwards = [] } = own;
  for (const { name, size } of data) exports.push({ kind: 'data', name, size });
  for (const { name, target } of forwards) exports.push({ kind: 'forward', name, target });
  const internal = own.absent ? [absentStubs(), ...hidden] : hidden;
  const { bytes, addresses } = buildDll({ name: `${own.dll}.dll`, base: own.base, exports, internal });
  const placesOf = (blocks: readonly { readonly name: string }[]) =>
    Object.fromEntries(blocks.map(({ name }) => [name, addresses.get(name)!]));
  return { services, bytes, hidden: placesOf(hidden), data: placesOf(data), absent: addresses.get(ABSENT) };
}

function absentStubs(): CodeBlock {
  const bytes = new Uint8Array(ABSENT_SERVICES * STUB_SIZE);
  for (let i = 0; i < ABSENT_SERVICES; i++) writeStub(bytes, i * STUB_SIZE, FIRST_ABSENT + i);
  return { kind: 'code', name: ABSENT, bytes };
}

import { RUNTIME_FUNCTION_SIZE } from '../../machine/unwind-codes.ts';
import { STATUS_INSUFFICIENT_RESOURCES } from '../../memory/status.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-{}';
/** The low bits of the identifier of a callback, which tell it from the address of a table. */
const CALLBACK_BITS = 3;
const TOKEN_STEP = 0x10;
/** Functions in a table, each of which is looked at when it is added: more than the largest program has. */
const MOST_FUNCTIONS = 0x10_0000;

function addTable(thread: Thread, table: number, count: number, base: number): number {
  if (count > MOST_FUNCTIONS) return 0;
  const { memory } = thread;
  let begin = Number.POSITIVE_INFINITY;
  let end = 0;
  let isSorted = true;
  for (let i = 0; i < count; i++) {
    const at = table + i * RUNTIME_FUNCTION_SIZE;
    if (base + memory.u32(at) < end) isSorted = false;
    begin = Math.min(begin, base + memory.u32(at));
    end = Math.max(end, base + memory.u32(at + 4));
  }
  const range = { base, begin, end };
  const added = thread.process.functionTables.add({
    ...range,
    key: table,
    table,
    count,
    isSorted,
    callback: 0,
    context: 0,
  });
  return added ? 1 : 0;
}

function installCallback(
  thread: Thread,
  key: number,
  base: number,
  length: number,
  callback: number,
  context: number,
): number {
  if ((key & CALLBACK_BITS) !== CALLBACK_BITS) return 0;
  const range = { base, begin: base, end: base + length };
  const table = { table: 0, count: 0, isSorted: true };
  return thread.process.functionTables.add({ ...range, ...table, key, callback, context }) ? 1 : 0;
}

function addGrowable(
  thread: Thread,
  into: number,
  table: number,
  count: number,
  base: number,
  end: number,
): number {
  const key = (thread.process.nextHandlerToken += TOKEN_STEP);
  thread.memory.setU64(into, key);
  const entry = { key, base, begin: base, end, table, count, isSorted: true, callback: 0, context: 0 };
  return thread.process.functionTables.add(entry) ? 0 : STATUS_INSUFFICIENT_RESOURCES;
}

/** winnt.h: unwind data of code that a program makes while it runs. */
export const ntFunctionTableApi = family('ntdll', PAGES, () => ({
  RtlAddFunctionTable: library(
    'FunctionTable: address, EntryCount: dword, BaseAddress: address',
    'bool',
    addTable,
  ),
  RtlDeleteFunctionTable: library('FunctionTable: address', 'bool', (thread, table) =>
    thread.process.functionTables.remove(table) ? 1 : 0,
  ),
  RtlInstallFunctionTableCallback: library(
    'TableIdentifier: address, BaseAddress: address, Length: dword, Callback: address, Context: address, OutOfProcessCallbackDll: address',
    'bool',
    installCallback,
  ),
  RtlAddGrowableFunctionTable: library(
    'DynamicTable: address, FunctionTable: address, EntryCount: dword, MaximumEntryCount: dword, RangeBase: address, RangeEnd: address',
    'status',
    (thread, into, table, count, _maximum, base, end) => addGrowable(thread, into, table, count, base, end),
  ),
  RtlGrowFunctionTable: library(
    'DynamicTable: address, NewEntryCount: dword',
    'void',
    (thread, key, count) => {
      const table = thread.process.functionTables.dynamic.find((one) => one.key === key);
      if (table) table.count = count;
      return 0;
    },
  ),
  RtlDeleteGrowableFunctionTable: library('DynamicTable: address', 'void', (thread, key) => {
    thread.process.functionTables.remove(key);
    return 0;
  }),
}));

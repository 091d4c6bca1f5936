import { WRITE } from '../../memory/constants.ts';
import { isKnownCodePage, realCodePage } from '../../process/code-pages.ts';
import { ConsoleObject, type ConsoleState } from '../../process/console-object.ts';
import {
  ERROR_INVALID_HANDLE,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_ENOUGH_MEMORY,
} from '../../process/errors.ts';
import { consoleState, setStandardHandle, standardHandles } from '../../process/standard-handles.ts';
import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { ANSI, giveText, type TextForm, WIDE } from '../guest-text.ts';

const PAGES = 'https://learn.microsoft.com/windows/console/{}';
const INVALID_HANDLE_VALUE = -1;
/** Most characters that one WriteConsole or ReadConsole takes: the real one's buffer has 64 KiB. */
const LONGEST_TEXT = 0x8000;
const CONSOLE_COLUMNS = 80;
const CONSOLE_ROWS = 25;

/** -10, -11, -12 as DWORDs; others name nothing. */
function standardIndex(which: number): 0 | 1 | 2 | undefined {
  const index = 0xffff_fff6 - which;
  return index === 0 || index === 1 || index === 2 ? index : undefined;
}

function getStandardHandle(thread: Thread, which: number): number {
  const index = standardIndex(which);
  if (index !== undefined) return standardHandles(thread.process)[index];
  thread.fail(ERROR_INVALID_HANDLE);
  return INVALID_HANDLE_VALUE;
}

/** The console behind a handle: a terminal, not a redirection to a pipe; undefined with last error set. */
function consoleOf(thread: Thread, handle: number): ConsoleObject | undefined {
  const object = thread.process.handles.object(handle, 'file');
  if (object instanceof ConsoleObject && object.isTerminal) return object;
  thread.fail(ERROR_INVALID_HANDLE);
  return undefined;
}

function writeConsole(form: TextForm) {
  return (thread: Thread, handle: number, buffer: number, count: number, written: number): number => {
    const target = consoleOf(thread, handle);
    if (!target) return 0;
    if (count > LONGEST_TEXT) return thread.fail(ERROR_NOT_ENOUGH_MEMORY);
    const bytes = thread.memory.bytes(buffer, count * form.unit);
    const error = form === WIDE ? target.writeText(WIDE.decode(bytes)) : target.write(bytes);
    if (error !== 0) return thread.fail(error);
    if (written !== 0) thread.memory.setU32(written, count);
    return 1;
  };
}

function readConsole(form: TextForm) {
  return (thread: Thread, handle: number, buffer: number, count: number, read: number): number => {
    const source = consoleOf(thread, handle);
    if (!source) return 0;
    if (count > LONGEST_TEXT) return thread.fail(ERROR_NOT_ENOUGH_MEMORY);
    thread.memory.touch(buffer, count * form.unit, WRITE);
    thread.memory.touch(read, 4, WRITE);
    const input = form === WIDE ? source.readText(count) : source.read(count);
    if (input === undefined) return thread.park((wake) => source.whenReadable(wake));
    if (typeof input === 'number') return thread.fail(input);
    thread.memory.setBytes(buffer, typeof input === 'string' ? WIDE.encode(input) : input);
    thread.memory.setU32(read, input.length);
    return 1;
  };
}

function getMode(thread: Thread, handle: number, into: number): number {
  const object = consoleOf(thread, handle);
  if (!object) return 0;
  thread.memory.setU32(into, object.stream === 0 ? object.state.inputMode : object.state.outputMode);
  return 1;
}

const INPUT_FLAGS = 0x3ff;
/** ENABLE_LINE_INPUT off means keys as they are pressed; the host gives lines. */
const LINE_AND_ECHO = 0x6;
const OUTPUT_FLAGS = 0x1f;

function setMode(thread: Thread, handle: number, mode: number): number {
  const object = consoleOf(thread, handle);
  if (!object) return 0;
  const input = object.stream === 0;
  if ((mode & ~(input ? INPUT_FLAGS : OUTPUT_FLAGS)) !== 0) return thread.fail(ERROR_INVALID_PARAMETER);
  if (!input) {
    object.state.outputMode = mode;
    return 1;
  }
  if ((mode & LINE_AND_ECHO) !== LINE_AND_ECHO) {
    return thread.stop(
      'kernel32!SetConsoleMode: console input without ENABLE_LINE_INPUT and ENABLE_ECHO_INPUT is not built yet',
    );
  }
  object.state.inputMode = mode;
  return 1;
}

function setCodePage(field: 'inputCodePage' | 'outputCodePage') {
  return (thread: Thread, codePage: number): number => {
    if (codePage < 4 || !isKnownCodePage(realCodePage(codePage))) return thread.fail(ERROR_INVALID_PARAMETER);
    consoleState(thread.process)[field] = codePage;
    return 1;
  };
}

/** CONSOLE_SCREEN_BUFFER_INFO: a screen of the usual size with the cursor at its origin; the host keeps neither. */
function screenBufferInfo(thread: Thread, handle: number, into: number): number {
  const object = consoleOf(thread, handle);
  if (!object || object.stream === 0) return thread.fail(ERROR_INVALID_HANDLE);
  const words = [
    CONSOLE_COLUMNS,
    CONSOLE_ROWS,
    0,
    0,
    7,
    0,
    0,
    CONSOLE_COLUMNS - 1,
    CONSOLE_ROWS - 1,
    CONSOLE_COLUMNS,
    CONSOLE_ROWS,
  ];
  for (const [i, word] of words.entries()) thread.memory.setU16(into + i * 2, word);
  return 1;
}

/**
 * Ctrl-C ends the run on the host's side before a handler could run: only NULL with TRUE (ignore) and with
 * FALSE (stop ignoring), and registration, are kept.
 */
function setControlHandler(thread: Thread, handler: number, add: number): number {
  const { controlHandlers } = consoleState(thread.process);
  if (handler === 0) return 1;
  if (add !== 0) {
    controlHandlers.push(handler);
    return 1;
  }
  const index = controlHandlers.lastIndexOf(handler);
  if (index < 0) return thread.fail(ERROR_INVALID_PARAMETER);
  controlHandlers.splice(index, 1);
  return 1;
}

function title(form: TextForm) {
  return {
    get: (thread: Thread, buffer: number, size: number) =>
      giveText(thread, form, buffer, size, stateOf(thread).title),
    set: (thread: Thread, text: number) => {
      stateOf(thread).title = form.read(thread.memory, text);
      return 1;
    },
  };
}
const stateOf = (thread: Thread): ConsoleState => consoleState(thread.process);

const TEXT_OUT =
  'hConsoleOutput: handle, lpBuffer: address, nNumberOfCharsToWrite: dword, lpNumberOfCharsWritten: address, lpReserved: address';
const TEXT_IN =
  'hConsoleInput: handle, lpBuffer: address, nNumberOfCharsToRead: dword, lpNumberOfCharsRead: address, pInputControl: address';

/** The console functions. */
export const consoleApi = family('kernel32', PAGES, () => {
  const titleA = title(ANSI);
  const titleW = title(WIDE);
  return {
    GetStdHandle: service('nStdHandle: dword', 'handle', getStandardHandle),
    SetStdHandle: service('nStdHandle: dword, hHandle: handle', 'bool', (thread, which, handle) => {
      const index = standardIndex(which);
      if (index === undefined) return thread.fail(ERROR_INVALID_HANDLE);
      setStandardHandle(thread.process, index, handle);
      return 1;
    }),
    WriteConsoleA: service(TEXT_OUT, 'bool', writeConsole(ANSI)),
    WriteConsoleW: service(TEXT_OUT, 'bool', writeConsole(WIDE)),
    ReadConsoleA: service(TEXT_IN, 'bool', readConsole(ANSI)),
    ReadConsoleW: service(TEXT_IN, 'bool', readConsole(WIDE)),
    GetConsoleMode: service('hConsoleHandle: handle, lpMode: address', 'bool', getMode),
    SetConsoleMode: service('hConsoleHandle: handle, dwMode: dword', 'bool', setMode),
    GetConsoleCP: service('', 'dword', (thread) => stateOf(thread).inputCodePage),
    GetConsoleOutputCP: service('', 'dword', (thread) => stateOf(thread).outputCodePage),
    SetConsoleCP: service('wCodePageID: dword', 'bool', setCodePage('inputCodePage')),
    SetConsoleOutputCP: service('wCodePageID: dword', 'bool', setCodePage('outputCodePage')),
    GetConsoleScreenBufferInfo: service(
      'hConsoleOutput: handle, lpConsoleScreenBufferInfo: address',
      'bool',
      screenBufferInfo,
    ),
    SetConsoleCtrlHandler: service('HandlerRoutine: address, Add: bool', 'bool', setControlHandler),
    GetConsoleTitleA: service('lpConsoleTitle: address, nSize: dword', 'dword', titleA.get),
    GetConsoleTitleW: service('lpConsoleTitle: address, nSize: dword', 'dword', titleW.get),
    SetConsoleTitleA: service('lpConsoleTitle: address', 'bool', titleA.set),
    SetConsoleTitleW: service('lpConsoleTitle: address', 'bool', titleW.set),
  };
});

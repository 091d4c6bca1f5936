import type { Thread } from '../../process/thread.ts';
import { calling, family, library } from '../api.ts';
import { dataAddress } from '../crt/data.ts';
import { current, exchange } from '../crt/hooks.ts';
import { failInvalid, fastFail, invalidParameterNoInfo } from '../crt/invalid.ts';
import { filterException } from '../crt/signal.ts';
import { environmentVector, prepareArguments } from '../crt/startup.ts';
import { crtOf, threadData } from '../crt/state.ts';
import { FILE_SIZE, STREAM_COUNT } from '../crt/stream-table.ts';

/** _crt_argv_mode */
const NO_ARGUMENTS = 0;
const EXPANDED_ARGUMENTS = 2;

function configureArguments(thread: Thread, mode: number, wide: boolean): number {
  if (mode === NO_ARGUMENTS) return 0;
  if (mode < 0 || mode > EXPANDED_ARGUMENTS) return failInvalid(thread, 22, 22);
  prepareArguments(thread.process, wide, mode === EXPANDED_ARGUMENTS);
  return 0;
}

/** The command line behind the program's name, as WinMain gets it: the address within the whole line. */
function behindProgramName(thread: Thread, wide: boolean): number {
  const at = thread.memory.u64(dataAddress(thread.process, wide ? '_wcmdln' : '_acmdln'));
  const unit = wide ? 2 : 1;
  const read = (i: number) => (wide ? thread.memory.u16(at + i * 2) : thread.memory.u8(at + i));
  let quoted = false;
  let i = 0;
  for (let c = read(i); c !== 0 && (quoted || c > SPACE); c = read(++i)) if (c === QUOTE) quoted = !quoted;
  while (read(i) === SPACE || read(i) === TAB) i++;
  return at + i * unit;
}
const SPACE = 0x20;
const TAB = 9;
const QUOTE = 0x22;

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** How a program for the Universal C Runtime starts, and the functions that it registers. */
export const ucrtStartupApi = family('crt', PAGES, () => ({
  _configure_narrow_argv: library('mode: int', 'int', (t, mode) => configureArguments(t, mode, false)),
  _configure_wide_argv: library('mode: int', 'int', (t, mode) => configureArguments(t, mode, true)),
  _initialize_narrow_environment: library('', 'int', (t) =>
    environmentVector(t.process, false) === 0 ? -1 : 0,
  ),
  _initialize_wide_environment: library('', 'int', (t) =>
    environmentVector(t.process, true) === 0 ? -1 : 0,
  ),
  _get_initial_narrow_environment: library('', 'address', (t) => environmentVector(t.process, false)),
  _get_initial_wide_environment: library('', 'address', (t) => environmentVector(t.process, true)),
  _get_narrow_winmain_command_line: library('', 'address', (t) => behindProgramName(t, false)),
  _get_wide_winmain_command_line: library('', 'address', (t) => behindProgramName(t, true)),
  _set_app_type: library('appType: int', 'void', (t, appType) => {
    crtOf(t.process).appType = appType;
    return 0;
  }),
  _query_app_type: library('', 'int', (t) => crtOf(t.process).appType),
  __acrt_iob_func: library('index: dword', 'address', (t, index) =>
    index < STREAM_COUNT ? dataAddress(t.process, '_iob') + index * FILE_SIZE : 0,
  ),
  _set_new_mode: library('newhandlermode: int', 'int', (t, mode) => {
    if (mode !== 0 && mode !== 1) return failInvalid(t);
    const crt = crtOf(t.process);
    const before = crt.newMode;
    crt.newMode = mode;
    return before;
  }),
  _query_new_mode: library('', 'int', (t) => crtOf(t.process).newMode),
  _set_new_handler: exchange('newHandler'),
  _query_new_handler: current('newHandler'),
  set_terminate: exchange('terminate'),
  _get_terminate: current('terminate'),
  _set_invalid_parameter_handler: exchange('invalidParameter'),
  _get_invalid_parameter_handler: current('invalidParameter'),
  _set_thread_local_invalid_parameter_handler: library('function: address', 'address', (t, func) => {
    const data = threadData(t);
    const before = data.invalidHandler;
    data.invalidHandler = func;
    return before;
  }),
  _get_thread_local_invalid_parameter_handler: library('', 'address', (t) => threadData(t).invalidHandler),
  _invalid_parameter_noinfo: invalidParameterNoInfo,
  _invalid_parameter_noinfo_noreturn: calling('', 'void', function* (t) {
    const handler = threadData(t).invalidHandler || crtOf(t.process).hooks.invalidParameter;
    if (handler !== 0) yield { address: handler, args: [0, 0, 0, 0] };
    return fastFail(t);
  }),
  _invoke_watson: library('', 'void', (t) => fastFail(t)),
  _seh_filter_exe: calling('exceptionNumber: dword, exceptionPointers: address', 'int', filterException),
  /** Only a C++ exception is looked at in a DLL. */
  _seh_filter_dll: calling(
    'exceptionNumber: dword, exceptionPointers: address',
    'int',
    function* (t, code, at) {
      return code === CPP_EXCEPTION ? yield* filterException(t, code, at) : 0;
    },
  ),
  _set_abort_behavior: library('flags: dword, mask: dword', 'dword', (t, flags, mask) => {
    const crt = crtOf(t.process);
    const before = crt.abortBehavior;
    crt.abortBehavior = (before & ~mask) | (flags & mask);
    return before;
  }),
}));

const CPP_EXCEPTION = 0xe06d7363;

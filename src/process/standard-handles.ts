import { ConsoleObject, ConsoleState } from './console-object.ts';
import type { Machine } from './machine.ts';
import type { Process } from './process.ts';
import { PARAMETERS, PEB } from './teb.ts';

const states = new WeakMap<Machine, ConsoleState>();
const handles = new WeakMap<Process, StandardHandles>();
const FIELDS = [PARAMETERS.standardInput, PARAMETERS.standardOutput, PARAMETERS.standardError] as const;

/** Handles of standard input, output and error; 0 where there is none. */
export type StandardHandles = readonly [number, number, number];

/** The modes and code pages of the machine's console. */
export function consoleState(process: Process): ConsoleState {
  let state = states.get(process.machine);
  if (!state) states.set(process.machine, (state = new ConsoleState()));
  return state;
}

/** The standard handles of a process, opened on the host's console when first asked for. */
export function standardHandles(process: Process): StandardHandles {
  let own = handles.get(process);
  if (own) return own;
  const console = process.machine.host?.console;
  const open = (stream: 0 | 1 | 2) => {
    if (!console) return 0;
    const object = new ConsoleObject(console, stream, consoleState(process));
    return process.handles.add(object, object.access, true);
  };
  own = [open(0), open(1), open(2)];
  handles.set(process, own);
  return own;
}

/** Replaces a standard handle (0 input, 1 output, 2 error), also where the program can see it. */
export function setStandardHandle(process: Process, index: 0 | 1 | 2, handle: number): void {
  const own = [...standardHandles(process)] as [number, number, number];
  own[index] = handle;
  handles.set(process, own);
  const parameters = process.memory.u64(process.peb + PEB.processParameters);
  if (parameters === 0) return;
  process.memory.setHalves(
    parameters + FIELDS[index],
    handle >>> 0,
    Math.floor(handle / 0x1_0000_0000) >>> 0,
  );
}

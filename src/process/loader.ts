import type { GuestCallRequest } from './host-frames.ts';
import type { Module } from './process.ts';
import type { Thread } from './thread.ts';

/** Loads DLLs while a program runs (LoadLibrary). The composing room provides it; a process made from TypeScript has none. */
export interface Loader {
  /** Maps a DLL with what it needs and runs their entry points; a number is the Win32 error. */
  load(thread: Thread, name: string): Generator<GuestCallRequest, Module | number, number>;
  /** Runs TLS callbacks and entry points of everything loaded with the program. False: a DllMain refused. */
  attachAll(thread: Thread): Generator<GuestCallRequest, boolean, number>;
  /** Runs DllMain with DLL_PROCESS_DETACH for all modules, last loaded first. */
  detachAll(thread: Thread): Generator<GuestCallRequest, void, number>;
}

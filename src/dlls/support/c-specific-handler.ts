import { handleCScopes } from '../../process/c-handler.ts';
import type { Thread } from '../../process/thread.ts';
import { family, languageHandler } from '../api.ts';

/** Address of an ntdll function, as a caller in another DLL of ours has it in an import slot; 0 in a process without ntdll. */
export function ntdllFunction(thread: Thread, name: string): number {
  const ntdll = thread.process.modules.find((module) => module.name === 'ntdll.dll');
  return ntdll?.resolve(name) ?? 0;
}

const PAGE = 'https://learn.microsoft.com/windows/win32/devnotes/--c-specific-handler2';

/** Each DLL that exports __C_specific_handler has its own; they are the same. */
export function cHandlerApi(dll: string) {
  return family(dll, PAGE, () => ({
    __C_specific_handler: languageHandler((thread, record, frame, context, dispatcher) =>
      handleCScopes(thread, ntdllFunction(thread, 'RtlUnwindEx'), record, frame, context, dispatcher),
    ),
  }));
}

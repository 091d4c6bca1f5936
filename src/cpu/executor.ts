import type { MemorySystem } from '../memory/system.ts';
import type { ServiceHook } from '../process/executor.ts';
import { Translator, type TranslatorOptions } from './translator.ts';

/** Makes the CPU of a machine. It takes over `system.onCodeChange` and, of each space it runs, `onTranslationChange`. */
export function createExecutor(
  machine: { readonly system: MemorySystem },
  service: ServiceHook,
  options?: TranslatorOptions,
): Translator {
  return new Translator(machine.system, service, options);
}

import { RAM_BYTES } from '../../machine/layout.ts';
import { buildRuntime } from './runtime-module.ts';

/** The bytes of the runtime module. Each start would make the same, so scripts/build.mjs puts them in place of this file. */
export function runtimeCode(): Uint8Array {
  return buildRuntime(RAM_BYTES / 0x10000);
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import type { run } from './run.ts';

/** Space-separated; empty when V8 is to run as it is. */
declare const WINMEM_V8_FLAGS: string;

/** Tells V8 how a run goes; before anything large is made. */
export function tuneEngine(): void {
  for (const flag of WINMEM_V8_FLAGS.split(' ')) if (flag !== '') setFlagsFromString(flag);
}

/** Milliseconds after which a run is more than a start. */
const START = 400;

/**
 * Ends what is good for a start only: from the next collection on the heap grows as V8 thinks best, and soon the nursery
 * stays as large as it is, about 4 MB. V8 would let it grow to 16, and use both halves of it.
 */
export function growAsUsual(): void {
  setFlagsFromString('--heap-growing-percent=0');
  setTimeout(() => setFlagsFromString('--semi-space-growth-factor=1'), START).unref();
}

/** Lets V8 compile a module when it is made, not each function in its first call: that would count as the program's time. */
export function compileAtOnce(): void {
  setFlagsFromString('--no-wasm-lazy-compilation');
}

/**
 * `run`, from the script that scripts/build.mjs puts beside this one. Most programs run for less time than
 * Node takes to compile all of that, so the build stores V8's code for it; another version of V8 ignores the
 * file and compiles. The script is ASCII, so it is Latin-1, too, which is read faster.
 */
export function loadRun(): typeof run {
  const filename = fileURLToPath(new URL('run.js', import.meta.url));
  const script = new Script(readFileSync(filename, 'latin1'), {
    filename,
    cachedData: contents(() => readFileSync(`${filename}.cache`)),
  });
  return script.runInThisContext()(createRequire(import.meta.url));
}

function contents(read: () => Uint8Array): Buffer | undefined {
  try {
    return read() as Buffer;
  } catch {
    return undefined;
  }
}

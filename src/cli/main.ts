#!/usr/bin/env node
import { ramMemory } from '../machine/ram.ts';
import { HELP } from './help.ts';
import { compileAtOnce, growAsUsual, loadRun, tuneEngine } from './load-run.ts';
import { parseArguments } from './options.ts';

declare const WINMEM_VERSION: string;

/** Exit codes of our own (CONVENTIONS: the shell's). */
const USAGE = 125;
const LONGEST_LINE = 400;

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'version':
      process.stdout.write(`winmem ${WINMEM_VERSION}\n`);
      return 0;
    case 'usage':
      process.stderr.write(`winmem: ${parsed.message}\n`);
      return USAGE;
    case 'run': {
      tuneEngine();
      const memory = ramMemory();
      const run = loadRun();
      // Not before: V8 takes stored code only under the flags that it was made with.
      growAsUsual();
      if (parsed.command.stats) compileAtOnce();
      return run(parsed.command, memory);
    }
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`winmem: an error of its own, please report it: ${describe(error)}\n`);
    process.exit(USAGE);
  },
);

/** An error with its stack, without the source line that Node puts before it: ours are as long as the file. */
function describe(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text
    .split('\n')
    .filter((line) => line.length < LONGEST_LINE)
    .join('\n');
}

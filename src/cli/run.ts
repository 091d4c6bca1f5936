import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost } from '../machine/node-host.ts';
import { runProgram } from '../run/run-program.ts';
import type { RunCommand } from './options.ts';
import { statisticsText } from './statistics-text.ts';
import { Tracer } from './tracer.ts';

const OUR_ERROR = 125;

/** Runs `winmem run` in `memory`, an unused ramMemory(), and answers the host's exit code. */
export async function run(command: RunCommand, memory: WebAssembly.Memory): Promise<number> {
  let scratch: string | undefined;
  try {
    const { outcome, lines } = await runProgram({
      ...command,
      memory,
      timed: command.stats,
      host: nodeHost(),
      scratch: () => (scratch = mkdtempSync(join(tmpdir(), 'winmem-'))),
      observer: tracerOf(command),
      interrupted: interruption(),
    });
    if (!command.quiet) for (const line of lines) process.stderr.write(`winmem: ${line}\n`);
    if (command.stats) process.stderr.write(statisticsText(outcome));
    if (command.json !== undefined) writeFileSync(command.json, `${JSON.stringify(outcome, undefined, 2)}\n`);
    return outcome.hostCode;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`winmem: ${error.message}\n`);
    return OUR_ERROR;
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

function tracerOf({ trace }: RunCommand): Tracer | undefined {
  return trace === undefined ? undefined : new Tracer(trace, (line) => process.stderr.write(`${line}\n`));
}

/** Whether the user has asked to stop since now. */
function interruption(): () => boolean {
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return () => interrupted;
}

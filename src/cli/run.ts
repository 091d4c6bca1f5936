import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost } from '../machine/node-host.ts';
import { runProgram } from '../run/run-program.ts';
import type { RunCommand } from './options.ts';
import { statisticsText } from './statistics-text.ts';
import { Tracer } from './tracer.ts';

const OUR_ERROR = 125;

/** Runs `winmem run` and answers the host's exit code. */
export async function run(command: RunCommand): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'winmem-'));
  try {
    const { outcome, lines } = await runProgram({
      ...command,
      host: nodeHost(),
      scratch,
      observer: tracerOf(command),
      interrupted: interruption(),
    });
    if (!command.quiet) for (const line of lines) process.stderr.write(`winmem: ${line}\n`);
    if (command.stats && outcome.statistics) {
      process.stderr.write(`${statisticsText(outcome.statistics, outcome.addressSpace ?? []).join('\n')}\n`);
    }
    if (command.json !== undefined) writeFileSync(command.json, `${JSON.stringify(outcome, undefined, 2)}\n`);
    return outcome.hostCode;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`winmem: ${error.message}\n`);
    return OUR_ERROR;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
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

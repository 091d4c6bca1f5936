// Runs mutants for scripts/fuzz.mjs in this process, one after another: { seed, index } comes in, the outcome that
// `winmem run --json` would write goes back. A guest that hangs or crashes us is the parent's business.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, runProgram } from '../dist/winmem.js';
import { mutantOf, writeMutant } from './fuzz-mutants.mjs';

// A guest's time is mostly counted on the processor, so that a busy machine tests as much as an idle one.
const CPU_TIME = 400; // milliseconds
const WALL_TIME = 1500;
const WHOLE_TIME = 60_000;
const RAM = 256 * 1024 * 1024;

/** Node's host, but nobody reads what the guest prints and it has no input. */
const host = {
  ...nodeHost(),
  console: {
    write: () => true,
    read: () => new Uint8Array(0),
    whenReadable: (callback) => queueMicrotask(callback),
    isTerminal: () => false,
  },
};

/** Whether this process has worked for CPU_TIME since now. */
function cpuLimit() {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return user + system > CPU_TIME * 1000;
  };
}

async function runMutant(seed, index) {
  const work = mkdtempSync(join(tmpdir(), 'winmem-fuzz-'));
  try {
    const program = writeMutant(mutantOf(seed, index), join(work, 'program'));
    const [scratch, cwd] = [join(work, 'scratch'), join(work, 'cwd')];
    mkdirSync(scratch);
    mkdirSync(cwd);
    const limits = index < 0 ? { timeout: WHOLE_TIME } : { timeout: WALL_TIME, interrupted: cpuLimit() };
    return await runProgram({ host, program, scratch, cwd, ram: RAM, ...limits });
  } catch (error) {
    return { thrown: error?.stack ?? JSON.stringify(error) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

process.on('message', async ({ seed, index }) => {
  process.send({ index, ...(await runMutant(seed, index)) });
});
process.on('disconnect', () => process.exit());

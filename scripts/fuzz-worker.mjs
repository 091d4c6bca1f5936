// Runs mutants for scripts/fuzz.mjs in this process, one after another: { corpus, seed, index } comes in, the outcome
// that `winmem run --json` would write goes back. A guest that hangs or crashes us is the parent's business.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, runProgram } from '../dist/winmem.js';
import { mutantOf, writeMutant } from './fuzz-mutants.mjs';

// Endless loops end by fuel. Time is a bound for guests to which fuel is cheap; it is mostly counted on the
// processor, so that a busy machine tests as much as an idle one.
const FUEL = 10_000_000;
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

const work = mkdtempSync(join(tmpdir(), 'winmem-fuzz-'));

/** An empty folder below `work`: the one used before if nothing was left there. */
function emptyFolder(name) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  for (const left of readdirSync(folder)) rmSync(join(folder, left), { recursive: true, force: true });
  return folder;
}

/** Whether this process has worked for CPU_TIME since now. */
function cpuLimit() {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return user + system > CPU_TIME * 1000;
  };
}

async function runMutant(corpus, seed, index) {
  try {
    const mutant = mutantOf(corpus, seed, index);
    const program = writeMutant(mutant, emptyFolder('program'));
    const limits =
      index < 0 ? { timeout: WHOLE_TIME } : { timeout: WALL_TIME, fuel: FUEL, interrupted: cpuLimit() };
    const folders = { scratch: () => emptyFolder('scratch'), cwd: emptyFolder('cwd') };
    return await runProgram({ host, program, args: mutant.args, ram: RAM, ...folders, ...limits });
  } catch (error) {
    return { thrown: error?.stack ?? JSON.stringify(error) };
  }
}

process.on('message', async ({ corpus, seed, index }) => {
  process.send({ index, ...(await runMutant(corpus, seed, index)) });
});
process.on('disconnect', () => process.exit());

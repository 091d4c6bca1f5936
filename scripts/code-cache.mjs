// Stores V8's code for dist/run.js beside it, with what running a small program made it compile.
// V8 takes it only under the flags that it was made with: scripts/build.mjs passes them.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const filename = resolve(process.argv[2]);
const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'examples/hello.exe');
const script = new Script(readFileSync(filename, 'utf8'), { filename });
const run = script.runInThisContext()(createRequire(filename));
const memory = new WebAssembly.Memory({ initial: 0x10000, maximum: 0x10000 });
try {
  const code = await run({ program, args: [], env: [], drives: [], stats: false, quiet: true }, memory);
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  writeFileSync(`${filename}.cache`, script.createCachedData());
} catch (error) {
  // The build is complete without it; its programs only start more slowly.
  process.stderr.write(`build: no code cache, ${error}\n`);
}

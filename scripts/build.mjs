// Builds dist/: bundles for node and the type declarations. Everything it says goes to stderr.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { v8Flags } from './v8-flags.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = { winmem: 'src/winmem.ts', memory: 'src/memory.ts' };
const outdir = process.env.WINMEM_DIST ?? join(root, 'dist');
const define = {
  WINMEM_VERSION: JSON.stringify(version),
  WINMEM_V8_FLAGS: JSON.stringify(v8Flags.join(' ')),
};
/** What a file of src/ exports, by name. */
async function exportsOf(path) {
  const options = { bundle: true, platform: 'node', format: 'esm', define, write: false };
  const bundle = await build({ entryPoints: [path], ...options });
  const source = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${source}`);
}
/**
 * Source of a function that returns these bytes. Node's own decoder is the faster one, but its Buffers are slower to use
 * than plain arrays; other hosts have only atob.
 */
const bytesOf = (bytes) => `() => {
  const text = ${JSON.stringify(Buffer.from(bytes).toString('base64'))};
  if (!globalThis.Buffer) return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const { buffer, byteOffset, length } = Buffer.from(text, 'base64');
  return new Uint8Array(buffer, byteOffset, length);
}`;
/** Puts the bytes of the static WebAssembly modules in place of the files that make them, runtime/…-code.ts. */
const moduleBytes = {
  name: 'module-bytes',
  setup(plugin) {
    plugin.onLoad({ filter: /runtime\/.*-code\.ts$/ }, async ({ path }) => {
      const [[name, make]] = Object.entries(await exportsOf(path));
      return { contents: `export const ${name} = ${bytesOf(make())};` };
    });
  },
};
/** Puts the images of our own DLLs in place of the file that makes them. */
const builtImages = {
  name: 'own-images',
  setup(plugin) {
    plugin.onLoad({ filter: /run\/own-images\.ts$/ }, async ({ path }) => {
      const { ownImages } = await exportsOf(path);
      const entries = [...ownImages].map(([name, make]) => {
        const { bytes, ...rest } = make();
        return `[${JSON.stringify(name)}, () => ({ ...${JSON.stringify(rest)}, bytes: (${bytesOf(bytes)})() })]`;
      });
      return { contents: `export const ownImages = new Map([${entries.join()}]);` };
    });
  },
};
const common = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  plugins: [moduleBytes, builtImages],
  define,
  logLevel: 'warning',
};
rmSync(outdir, { recursive: true, force: true });
await build({ ...common, entryPoints: entries, splitting: true, format: 'esm' });
// The command is CommonJS: Node's loader of ES modules takes longer to start than that of these.
const url = 'commandUrl';
await build({
  ...common,
  entryPoints: { cli: 'src/cli/main.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  define: { ...common.define, 'import.meta.url': url },
  banner: { js: `const ${url} = require("node:url").pathToFileURL(__filename).href;` },
});
// The script that src/cli/load-run.ts loads: an expression, which is a function from `require` to `run`.
await build({
  ...common,
  entryPoints: { run: 'src/cli/run.ts' },
  format: 'cjs',
  banner: { js: '(function (require) { "use strict"; const module = {};' },
  footer: { js: 'return module.exports.run; })' },
});
try {
  execFileSync(process.execPath, [...v8Flags, join(root, 'scripts/code-cache.mjs'), join(outdir, 'run.js')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 2],
    timeout: 20_000,
  });
} catch (error) {
  // The build is complete without it; its programs only start more slowly.
  process.stderr.write(`build: no code cache, ${error.message}\n`);
}
if (!process.argv.includes('--no-types')) {
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    { cwd: root, stdio: ['ignore', 2, 2] },
  );
}

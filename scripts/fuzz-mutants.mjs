// The mutants of a corpus of programs: which file is damaged how, made from a seed and an index alone.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { mutate, randomOf } from './mutate.mjs';
import { root } from './prepare.mjs';

const read = (path) => ({ name: basename(path), bytes: new Uint8Array(readFileSync(path)) });

/** A file to damage, the program that is run with what arguments, and the other files that it needs. */
function target(path, more = {}) {
  const file = read(path);
  return { program: file.name, args: [], companions: [], ...more, ...file };
}

function examples() {
  const folder = join(root, 'examples');
  const [plugin, host] = ['plugin.dll', 'plugin-host.exe'].map((name) => join(folder, name));
  const files = readdirSync(folder).filter((name) => /\.(exe|dll)$/.test(name));
  return files.sort().map((name) => {
    const path = join(folder, name);
    if (path === plugin) return target(path, { program: basename(host), companions: [read(host)] });
    return target(path, path === host ? { companions: [read(plugin)] } : {});
  });
}

const LUA = `local t = {} for i = 1, 40 do t[i] = ("%d:%g"):format(i, i / 3) end
print(table.concat(t, ","), pcall(error, "x"), ("a1b2"):gsub("%d", "<%0>"))
local co = coroutine.wrap(function(a) while true do a = coroutine.yield(a * 2) end end)
print(co(1), co(21), #setmetatable({}, { __len = function() return 7 end }))`;

/** Programs that nobody here wrote, as scripts/build-programs.sh makes them, on little work. */
function programs() {
  const file = (name) => join(root, '.cache/programs', name);
  const [lua, exe, dll] = ['lua.exe', 'jpegtran.exe', 'libjpeg-62.dll'].map((name) => file(`bin/${name}`));
  const picture = read(file('inputs/small.jpg'));
  // The program's folder is drive E.
  const jpegtran = { program: basename(exe), args: ['-optimize', '-outfile', 'out.jpg', 'E:\\small.jpg'] };
  return [
    target(lua, { args: ['-e', LUA] }),
    target(exe, { ...jpegtran, companions: [read(dll), picture] }),
    target(dll, { ...jpegtran, companions: [read(exe), picture] }),
  ];
}

const CORPORA = { examples, programs };
export const corpusNames = Object.keys(CORPORA);
const loaded = new Map();

/** The files of a corpus that are damaged. */
export function targetsOf(corpus) {
  if (!loaded.has(corpus)) loaded.set(corpus, CORPORA[corpus]());
  return loaded.get(corpus);
}

/** What is run for an index: below zero the whole files, -1 the first; else mutants. */
export function mutantOf(corpus, seed, index) {
  const targets = targetsOf(corpus);
  if (index < 0) return { ...targets[-1 - index], kinds: ['none'] };
  const random = randomOf(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const damaged = targets[random(targets.length)];
  const originals = targets.map((other) => other.bytes);
  return { ...damaged, ...mutate(damaged.bytes, originals, random) };
}

/** Writes a mutant and what it needs into a folder; answers the path of the program. */
export function writeMutant(mutant, folder) {
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of [...mutant.companions, mutant]) writeFileSync(join(folder, name), bytes);
  return join(folder, mutant.program);
}

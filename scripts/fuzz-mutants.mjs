// The mutants of the examples: which file is damaged how, made from a seed and an index alone.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutate, randomOf } from './mutate.mjs';
import { root } from './prepare.mjs';

/** The examples: the file that is damaged, the program that is run, and the other file that they need. */
function readTargets() {
  const folder = join(root, 'examples');
  const read = (name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) });
  const files = readdirSync(folder).filter((name) => /\.(exe|dll)$/.test(name));
  const pair = { 'plugin.dll': 'plugin-host.exe', 'plugin-host.exe': 'plugin.dll' };
  return files.sort().map((name) => ({
    ...read(name),
    program: name === 'plugin.dll' ? pair[name] : name,
    companion: pair[name] && read(pair[name]),
  }));
}

export const targets = readTargets();

/** What is run for an index: below zero the whole examples, -1 the first; else mutants. */
export function mutantOf(seed, index) {
  if (index < 0) return { ...targets[-1 - index], kinds: ['none'] };
  const random = randomOf(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const target = targets[random(targets.length)];
  const originals = targets.map((other) => other.bytes);
  return { ...target, ...mutate(target.bytes, originals, random) };
}

/** Writes a mutant and what it needs into a folder; answers the path of the program. */
export function writeMutant(mutant, folder) {
  mkdirSync(folder, { recursive: true });
  if (mutant.companion) writeFileSync(join(folder, mutant.companion.name), mutant.companion.bytes);
  writeFileSync(join(folder, mutant.name), mutant.bytes);
  return join(folder, mutant.program);
}

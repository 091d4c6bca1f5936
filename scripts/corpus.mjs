// The corpus of compiled code that the instruction tests answer for: a linear sweep with iced-x86 over the
// executable sections of libraries and programs that nobody here compiled, and of our own programs.
//
//   node scripts/corpus.mjs [--check]    writes test/cpu/recorded/corpus.txt, or says where it is stale
//   node scripts/corpus.mjs --fetch      only fetches and prints the files' paths
//
// A line of corpus.txt is: Code, how often it is there, the bytes of its first and of a later appearance.
// The examples count no further than that their Codes are in the list: they change often.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code, Decoder, Instruction } from 'iced-x86';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const CACHE = join(root, '.cache/corpus');
const LIST = join(root, 'test/cpu/recorded/corpus.txt');
const SCNMEM_EXECUTE = 0x20000000;

/** From Debian's gcc-mingw-w64-x86-64, g++-mingw-w64-x86-64 and mingw-w64-x86-64-dev. */
const DEBIAN = [
  '/usr/lib/gcc/x86_64-w64-mingw32/12-posix/libstdc++-6.dll',
  '/usr/lib/gcc/x86_64-w64-mingw32/12-posix/libgcc_s_seh-1.dll',
  '/usr/lib/gcc/x86_64-w64-mingw32/12-win32/libstdc++-6.dll',
  '/usr/lib/gcc/x86_64-w64-mingw32/12-win32/libgcc_s_seh-1.dll',
  '/usr/x86_64-w64-mingw32/lib/libwinpthread-1.dll',
];
const NPM = [
  { name: 'jpegtran-bin@0.1.7', files: ['vendor/win64/jpegtran.exe', 'vendor/win64/libjpeg-62.dll'] },
  { name: '7zip-bin@5.2.0', files: ['win/x64/7za.exe'] },
];

const pathsOf = ({ name, files }) => files.map((file) => join(CACHE, name, file));

/** The files of an npm package, in the cache; fetched once. */
function fetchPackage(pack) {
  const { name } = pack;
  const folder = join(CACHE, name);
  if (!pathsOf(pack).every(existsSync)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder, name]);
    const archive = packed.toString().trim().split('\n').pop();
    execFileSync('tar', ['xzf', join(folder, archive), '-C', folder, '--strip-components=1']);
  }
  return pathsOf(pack);
}

/** Paths of the corpus but for our examples, in a fixed order; fails when a Debian package is not installed. */
export function corpusFiles() {
  for (const file of DEBIAN)
    if (!existsSync(file)) throw new Error(`${file} is not there: install Debian's mingw packages`);
  return [...DEBIAN, ...NPM.flatMap(fetchPackage)];
}

/** As corpusFiles, without what is not there; fetches nothing. */
export function presentCorpusFiles() {
  return [...DEBIAN, ...NPM.flatMap(pathsOf)].filter(existsSync);
}

/** Our own programs and libraries. */
export function exampleFiles() {
  const folder = join(root, 'examples');
  return readdirSync(folder)
    .filter((file) => /\.(exe|dll)$/.test(file))
    .map((file) => join(folder, file));
}

/** The executable sections of a PE file. */
export function codeSections(bytes) {
  const header = bytes.readUInt32LE(0x3c);
  const first = header + 24 + bytes.readUInt16LE(header + 20);
  const sections = [];
  for (let i = 0; i < bytes.readUInt16LE(header + 6); i++) {
    const at = first + 40 * i;
    if (!(bytes.readUInt32LE(at + 36) & SCNMEM_EXECUTE)) continue;
    const start = bytes.readUInt32LE(at + 20);
    const length = Math.min(bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 16));
    sections.push(bytes.subarray(start, start + length));
  }
  return sections;
}

/** Tells `found` of each instruction's Code and bytes, one byte further after what is none. */
function sweep(code, found) {
  const decoder = new Decoder(64, code, 0);
  const instruction = new Instruction();
  while (decoder.position < code.length) {
    const at = decoder.position;
    decoder.decodeOut(instruction);
    if (instruction.isInvalid) decoder.position = at + 1;
    else found(Code[instruction.code], code.subarray(at, at + instruction.length));
  }
}

/** Code -> { count, samples } over files. */
export function codesOf(files) {
  const codes = new Map();
  for (const file of files)
    for (const section of codeSections(readFileSync(file)))
      sweep(section, (name, bytes) => {
        const entry = codes.get(name) ?? { count: 0, samples: [] };
        entry.count++;
        // Appearances 1 and 7: two encodings of the common ones.
        if (entry.count === 1 || entry.count === 7) entry.samples.push(bytes.toString('hex'));
        codes.set(name, entry);
      });
  return codes;
}

function listText() {
  const files = corpusFiles();
  const lines = [...codesOf(files)].map(([name, { count, samples }]) => [name, count, ...samples].join(' '));
  return `${['#', ...files.map((file) => basename(file))].join(' ')}\n${lines.sort().join('\n')}\n`;
}

/** The recorded Codes, in order of their names. */
export function recordedCodes() {
  const lines = readFileSync(LIST, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => line.split(' ')[0]);
}

function main() {
  if (process.argv.includes('--fetch')) return console.log(corpusFiles().join('\n'));
  const text = listText();
  if (process.argv.includes('--check')) {
    if (text === readFileSync(LIST, 'utf8')) return console.log('the corpus is as recorded');
    console.error(`corpus: ${LIST.slice(root.length + 1)} is not what a sweep finds`);
    process.exitCode = 1;
  } else writeFileSync(LIST, text);
}

if (process.argv[1]?.endsWith('corpus.mjs')) main();

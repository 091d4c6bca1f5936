// The runs of scripts/programs.mjs: programs nobody here wrote, and what they are asked to do.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './prepare.mjs';

export const built = join(root, '.cache/programs');
const bin = (name) => join(built, 'bin', name);
const input = (name) => join(built, 'inputs', name);
const LUA = join(root, 'test/programs/lua');

/**
 * One run. `files` are copied to the folder it runs in, the program first; `takes` names an earlier
 * run and a file that it left under Wine. `hide` are patterns of what differs from run to run.
 */
function run(name, files, args, more = {}) {
  return { name, program: basename(files[0]), files, args, hide: [], ...more };
}

function compressors() {
  const mixture = input('mixture.bin');
  return [
    run('bzip2', [bin('bzip2.exe'), mixture], ['-k', 'mixture.bin']),
    run('bzip2 -d', [bin('bzip2.exe')], ['-dv', 'mixture.bin.bz2'], { takes: ['bzip2', 'mixture.bin.bz2'] }),
    run('minigzip', [bin('minigzip.exe'), mixture], ['mixture.bin']),
    run('minigzip -d', [bin('minigzip.exe')], ['-d'], {
      takes: ['minigzip', 'mixture.bin.gz'],
      stdin: 'mixture.bin.gz',
    }),
  ];
}

function jpegtran() {
  const files = (picture) => [bin('jpegtran.exe'), bin('libjpeg-62.dll'), input(picture)];
  const runs = [];
  for (const picture of ['photo.jpg', 'small.jpg', 'grey.jpg']) {
    for (const flags of ['-optimize -progressive', '-rotate 90', '-grayscale']) {
      const args = [...flags.split(' '), '-outfile', 'out.jpg', picture];
      runs.push(run(`jpegtran ${flags} ${picture}`, files(picture), args));
    }
  }
  return runs;
}

function lua() {
  const scripts = readdirSync(LUA).sort();
  return scripts.map((script) =>
    run(`lua ${script}`, [bin('lua.exe'), join(LUA, script)], [script], {
      stdin: Buffer.from('first line\nsecond line\n0x1F'),
    }),
  );
}

function standardLibrary() {
  const dlls = ['libstdc++-6.dll', 'libgcc_s_seh-1.dll', 'libwinpthread-1.dll'];
  const files = ['standard-library.exe', ...dlls].map(bin);
  return run('standard-library', files, ['an argument'], { stdin: Buffer.from('one\ntwo words') });
}

export const cases = [
  ...compressors(),
  ...jpegtran(),
  ...lua(),
  run('speedtest1', [bin('speedtest1.exe')], ['--memdb', '--verify', '--size', '20'], {
    hide: [/ +\d+\.\d{3}s/g],
    inside: /TOTAL\D+([\d.]+)s/,
  }),
  standardLibrary(),
];

// Rewrites assembly of clang for x86_64-pc-windows-msvc so that its C++ exceptions go by __CxxFrameHandler4 and the
// tables of Visual C++ 2019 and later, which clang does not write:
//
//   node scripts/fh4-program.mjs IN.S OUT.S [--varied]
//
// Each catch funclet gets a FuncInfo4 of its own with what is inside of it. With --varied numbers have longer forms than
// they need, and every form that a table may have is there, but for two that Wine has not: numbers of five bytes, and
// flags of basic blocks.
import { readFileSync, writeFileSync } from 'node:fs';
import { readFunctions } from './fh3-tables.mjs';
import { TableWriter } from './fh4-tables.mjs';

const [input, output, option] = process.argv.slice(2);
const writer = new TableWriter(option === '--varied');
// clang does not quote these as it must to read them again.
const text = readFileSync(input, 'latin1').replace(/^(\t\.long\t)(\w+@@)@IMGREL/gm, '$1"$2"@IMGREL');
const lines = text.split('\n');
const functions = readFunctions(lines);
const regions = new Map(functions.flatMap((of) => of.regions.map((region) => [region.symbol, region])));
[...regions.values()].forEach((region, i) => {
  region.start = `.Lfh4_begin${i}`;
  region.info = `.Lfh4_info${i}`;
});

/** A funclet that does no more than destroy an object of its function's frame: where that is, and by what. */
function destroyedBy(code) {
  const instructions = code
    .filter((line) => /^\t[a-z]/.test(line))
    .map((line) => line.trim().replace(/\s+#.*/, ''));
  const at = instructions.findIndex((line) => /^leaq\t-?\d+\(%rdx\), %rbp$/.test(line));
  if (at < 0 || instructions[at + 3] !== 'nop') return undefined;
  const object = /^(leaq|movq)\t(-?\d+)\(%rbp\), %rcx$/.exec(instructions[at + 1]);
  const call = /^callq\t("\?\?1.*")$/.exec(instructions[at + 2]);
  if (!object || !call) return undefined;
  const offset = Number(/-?\d+/.exec(instructions[at])[0]) + Number(object[2]);
  return { kind: object[1] === 'leaq' ? 'object' : 'pointer', offset, destructor: call[1] };
}

/** Where a catch block goes on, and what it answers for that: the address, a number, or anything when there is one way. */
function waysOn(label) {
  return writer.take([
    { continuations: [label], answer: 0 },
    { continuations: [undefined, label], answer: 1 },
    { continuations: [], answer: undefined },
    { continuations: [label, undefined], answer: 0 },
    { continuations: [label], answer: 1 },
  ]);
}

function rewriteAnswer(code, region) {
  region.continuations = [];
  const ends = [...code.keys()].filter((i) => /# CATCHRET/.test(code[i]));
  if (ends.length > 1) throw new RangeError(`${region.symbol} ends in ${ends.length} places`);
  const at = code.findLastIndex((line, i) => i < ends[0] && /^\tleaq\t.*, %rax$/.test(line));
  if (at < 0) return;
  const { continuations, answer } = waysOn(/^\tleaq\t(.*)\(%rip\)/.exec(code[at])[1]);
  region.continuations = continuations;
  if (answer !== undefined) code[at] = `\tmovl\t$${answer}, %eax`;
}

/** The code of a function or funclet: its handler, its tables, no slot for its state, and what a catch block answers. */
function rewriteCode(code, region) {
  rewriteAnswer(code, region);
  return code
    .filter((line) => !/^\tmovq\t\$-2, -?\d+\(%rbp\)$/.test(line))
    .flatMap((line) => {
      if (line.startsWith('.seh_proc ')) return [line, `${region.start}:`];
      if (line.startsWith('\t.seh_handler __CxxFrameHandler3')) return line.replace('Handler3', 'Handler4');
      return line.replace(/^\t\.long\t\("?\$cppxdata\$.*/, `\t.long\t${region.info}@IMGREL`);
    });
}

const destroyed = new Map();
const written = [];
for (let i = 0; i < lines.length; i++) {
  const symbol = /^\.seh_proc (.*)$/.exec(lines[i])?.[1];
  if (symbol === undefined) {
    written.push(lines[i]);
    continue;
  }
  const end = lines.findIndex((line, j) => j > i && line.trim() === '.seh_endproc');
  const code = lines.slice(i, end + 1);
  destroyed.set(symbol, destroyedBy(code));
  const region = regions.get(symbol);
  written.push(...(region ? rewriteCode(code, region) : code));
  i = end;
}
for (const region of regions.values()) {
  for (const state of region.states) state.object = destroyed.get(state.action);
  for (const { handlers } of region.tries)
    for (const handler of handlers) handler.funclet = regions.get(handler.funclet);
  region.ips = region.ips.map(({ ip, state }) => ({
    label: ip.startsWith('.Ltmp') ? `(${ip})` : region.start,
    state,
  }));
}
for (const { label, regions: own } of functions) {
  const begin = written.findIndex((line) => line.startsWith(`${label}:`));
  const end = written.findIndex((line, i) => i > begin && !/^(\t\.long\t|"?\$)/.test(line));
  // The line before aligns what needs no alignment now.
  written.splice(begin - 1, end - begin + 1, ...own.flatMap((region) => writer.write(region)));
}
writeFileSync(output, written.join('\n'), 'latin1');

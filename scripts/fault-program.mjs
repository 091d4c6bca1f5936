// Writes the assembly of test/guest/faults.exe: a case for each memory-touching form of instruction, with its
// fault on the first or the last byte of the operand. `node scripts/fault-program.mjs OUT.S`
//
// Each case is the instruction between a few others that leave changed registers and flags pending, so that a
// translator that keeps either for later must have them ready at the fault.
import { writeFileSync } from 'node:fs';
import { forms as listed } from './fault-forms.mjs';
import { derivedForms } from './fault-forms-derived.mjs';

const mnemonics = new Set(
  listed.flatMap(({ code }) => code.split(';').map((part) => part.trim().split(' ')[0])),
);
const forms = [...listed, ...derivedForms(mnemonics)];

const BAD = 0x20005000;
const PAGE = 0x1000;
const STACK_POINTER = 0x21009000;
const UPPER = 0x2100a000; // The page above it begins here: a stack operand that reaches up into it.
const MODE = { none: 0, noaccess: 1, reserved: 2, readonly: 3, guard: 4 };
const NUMBER = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'];
for (let i = 8; i < 16; i++) NUMBER.push(`r${i}`);

/** Ways to reach the operand at `target`; the registers they need are set for every case. */
const INDEX = 0x11;
const addressings = ['(%rbx)', '0x70(%r13)', '-0x1234(%rbp,%r12,4)', '0x30(%rbx,%r12,1)', 'absolute'];
function addressRegisters(addressing, target) {
  const rbx = addressing === '0x30(%rbx,%r12,1)' ? target - 0x30 - INDEX : target;
  return { rbx, r13: target - 0x70, rbp: target + 0x1234 - 4 * INDEX, r12: INDEX };
}

const patternByte = (address) => (address * 37 + 11) & 0xff;
/** The 8 bytes that are in memory at `address` before a case. */
export function patternWord(address) {
  let word = 0n;
  for (let i = 7; i >= 0; i--) word = (word << 8n) | BigInt(patternByte(address + i));
  return word;
}

/** Where the operand of `size` bytes lies and how its bad page is bad, for each kind of access. */
function places(form) {
  const { size, access } = form;
  const first = { at: 'first', target: BAD };
  const last = { at: 'last', target: BAD - size + 1 };
  const tail = { at: 'tail', target: BAD + PAGE - (form.aligned ? size : 1) };
  const list = [];
  const add = (place, ...modes) => {
    for (const mode of modes) list.push({ ...place, bad: BAD, mode });
  };
  const crossing = size > 1 && !form.aligned;
  if (access === 'r') {
    add(first, 'noaccess', 'reserved');
    if (crossing) add(last, 'noaccess');
    add(tail, 'guard');
  } else if (access === 'w') {
    add(first, 'readonly', 'reserved');
    if (crossing) add(last, 'readonly', 'noaccess');
    add(tail, 'guard');
  } else {
    add(first, 'readonly', 'noaccess');
    if (crossing) add(last, 'readonly');
    add(tail, 'reserved');
  }
  return form.keepsContents ? list.filter((place) => place.mode !== 'reserved') : list;
}

/**
 * Stack operands. A fault below the stack pointer leaves the exception dispatcher no room, but for a guard page,
 * which is usable once it has been hit.
 */
function stackPlaces(form) {
  const { size, access } = form;
  if (access === 'push') {
    const below = UPPER - PAGE;
    return [
      { at: 'first', target: UPPER, bad: below, mode: 'guard' },
      { at: 'cross', target: UPPER + size - 1, bad: below, mode: 'guard' },
      { at: 'last', target: UPPER + 1, bad: UPPER, mode: 'guard' },
    ];
  }
  const list = [
    { at: 'first', target: UPPER, bad: UPPER, mode: 'noaccess' },
    { at: 'first', target: UPPER, bad: UPPER, mode: 'reserved' },
    { at: 'last', target: UPPER - size + 1, bad: UPPER, mode: 'noaccess' },
  ];
  return form.keepsContents ? list.filter((place) => place.mode !== 'reserved') : list;
}

/** String operands: the fault in the first element, or half-way through a repetition of 40. */
function stringPlaces(form) {
  const { size, rep, down } = form;
  const modes = form.access === 'w' ? ['readonly', 'reserved'] : ['noaccess', 'guard'];
  const list = [];
  const add = (at, target) => {
    for (const mode of modes) list.push({ at, target, bad: BAD, mode });
  };
  if (!rep) {
    add('first', BAD);
    if (size > 1) add('last', BAD - size + 1);
    return list;
  }
  if (down) add('half', BAD + PAGE + 15 * size);
  else {
    add('half', BAD - 16 * size);
    if (size > 1) add('halfway-across', BAD - 16 * size - 1);
    add('first', BAD);
  }
  return list;
}

function placesOf(form) {
  if (form.places) return form.places;
  if (form.kind === 'stack') return stackPlaces(form);
  if (form.kind === 'string') return stringPlaces(form);
  return places(form);
}

let rotation = 0;
function emitCase(form, place, index) {
  const choices = form.addressing ? [form.addressing] : addressings;
  const addressing = choices[rotation++ % choices.length];
  const base = place.target + (form.shift ?? 0);
  const operand = addressing === 'absolute' ? `0x${base.toString(16)}` : addressing;
  const context = {
    target: place.target,
    base,
    place,
    patternWord,
    PAGE,
    BAD,
    STACK_POINTER,
    after: `after${index}`,
  };
  const registers = { ...addressRegisters(addressing, base), ...(form.registers?.(context) ?? {}) };
  const pokes = form.pokes?.(context) ?? [];
  const instruction = form.code.replaceAll('{m}', operand).replaceAll('{n}', `${index}`);
  const text = [
    `case${index}:`,
    form.down ? '    std' : '    lea 5(%r9), %r9',
    '    add $0x11, %r8',
    '    sub %r10, %r11',
    `insn${index}:`,
    ...instruction.split(';').map((line) => `    ${line.trim()}`),
    `after${index}:`,
    '    lea 3(%r15), %r15',
    '    jmp fault_case_done',
  ];
  const name = `${form.name}/${place.at}/${place.mode}`;
  const settings = Object.entries(registers).map(([register, value]) => [NUMBER.indexOf(register), value]);
  const number = (value) =>
    typeof value === 'string' ? value : `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
  return {
    text,
    names: [`name${index}: .asciz "${name}"`],
    settings: [
      `settings${index}:`,
      ...[...settings, ...pokes].map(([where, value]) => `    .quad ${number(where)}, ${number(value)}`),
    ],
    row: `    .quad group_${form.group}, name${index}, case${index}, insn${index}, after${index}, ${number(place.bad)}, ${
      MODE[place.mode]
    }, ${number(form.undefinedFlags ?? 0)}, ${number(form.looseFlags ?? 0)}, ${settings.length}, ${pokes.length}, settings${index}`,
  };
}

/** The whole assembly file. */
export function program() {
  const groups = [...new Set(forms.map((form) => form.group))];
  const cases = forms.flatMap((form) => placesOf(form).map((place) => ({ form, place })));
  const parts = cases.map(({ form, place }, index) => emitCase(form, place, index));
  return [
    '    .text',
    ...parts.flatMap((part) => part.text),
    '    .section .rdata,"dr"',
    ...groups.map((group) => `group_${group}: .asciz "${group}"`),
    ...parts.flatMap((part) => part.names),
    '    .balign 8',
    ...parts.flatMap((part) => part.settings),
    '    .globl fault_cases, fault_case_count',
    `fault_case_count: .quad ${cases.length}`,
    'fault_cases:',
    ...parts.map((part) => part.row),
    '',
  ].join('\n');
}

/** The groups of cases, each of them a run of faults.exe. */
export const groups = [...new Set(forms.map((form) => form.group))];

if (process.argv[1]?.endsWith('fault-program.mjs')) writeFileSync(process.argv[2], program());

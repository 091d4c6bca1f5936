import { expect, test } from 'vitest';
import { Exit } from '../../src/process/executor.ts';
import { FORMS, type Form } from './forms.ts';
import { CASES, FLAGS_WORD, inputWords, WORDS } from './inputs.ts';
import { Recording } from './recording.ts';
import { CODE, TestCpu } from './support.ts';
import { getWords, nameOf, setWords } from './words.ts';

const CF = 0x1;
const PF = 0x4;
const AF = 0x10;
const ZF = 0x40;
const SF = 0x80;
const OF = 0x800;
const ALL = CF | PF | AF | ZF | SF | OF;

/** Flags that the last flag-setting instruction of a form leaves defined. */
function definedFlags(asm: string, before: BigUint64Array): number {
  let defined = ALL;
  for (const part of asm.split(';')) {
    const [, name, operands] = /^(?:\s*\d:)?\s*(?:(?:lock|repn?e?|addr32|rex\.w) )*(\.?\w+)\s*(.*)$/.exec(
      part,
    )!;
    if (/^(shl|shr|sar|rol|ror|rcl|rcr|shld|shrd)$/.test(name!))
      defined = shiftFlags(name!, operands!, before, defined);
    else if (/^(mul|imul)$/.test(name!)) defined = CF | OF;
    else if (/^i?div$/.test(name!)) defined = 0;
    else if (/^(and|or|xor|test)$/.test(name!)) defined = ALL & ~AF;
    else if (/^bt[src]?$/.test(name!)) defined = CF | ZF;
    else if (/^bs[fr]$/.test(name!)) defined = ZF;
    else if (/^([tl]zcnt)$/.test(name!)) defined = CF | ZF;
    else if (
      /^(add|adc|sub|sbb|cmp|neg|xadd|cmpxchg|cmps.|scas.|u?comis.|ptest|pcmp.str.|popcnt|popfq|sahf)$/.test(
        name!,
      )
    )
      defined = ALL;
    else if (/^(inc|dec)$/.test(name!)) defined |= ALL & ~CF;
  }
  return defined;
}
function shiftFlags(name: string, operands: string, before: BigUint64Array, defined: number): number {
  const last = operands.split(',').pop()!.trim();
  const size = /^(r[a-d,s]x|r[sd]i|r8,|qword|rax|rcx|rdx)/.test(operands)
    ? 8
    : /^(e|r8d|dword)/.test(operands)
      ? 4
      : /^(word|[a-d]x|si|r8w)/.test(operands)
        ? 2
        : 1;
  const raw = last === 'cl' ? Number(before[1]! & 0xffn) : Number(last);
  const count = raw & (size === 8 ? 63 : 31);
  if (count === 0) return defined;
  const rotates = name.startsWith('r');
  let flags = rotates ? defined : ALL & ~AF;
  if (count > 1) flags &= ~OF;
  else flags |= OF;
  if (rotates) return flags | CF;
  if (count >= size * 8 && name !== 'sar') flags &= ~CF;
  if (size === 2 && name.length === 4 && count > 16) flags = 0;
  return flags;
}

/** Forms whose result itself is undefined for some inputs. */
function isUndefined(asm: string, before: BigUint64Array): boolean {
  if (/^sh[lr]d (ax|word)/.test(asm)) {
    const last = asm.split(',').pop()!.trim();
    return last === 'cl' && Number(before[1]! & 31n) > 16;
  }
  // The flag read by the setcc or cmov behind a shift may be an undefined one.
  return /^(shl|imul|shr)/.test(asm) && /set|cmov/.test(asm) && usesUndefined(asm, before);
}
function usesUndefined(asm: string, before: BigUint64Array): boolean {
  const first = asm.split(';')[0]!;
  if (asm.startsWith('imul')) return false;
  const defined = definedFlags(first, before);
  const condition = /(?:set|cmov)(\w+)/.exec(asm)![1]!;
  const needs: Record<string, number> = {
    o: OF,
    no: OF,
    l: OF | SF,
    ge: OF | SF,
    le: OF | SF | ZF,
    g: OF | SF | ZF,
    b: CF,
    ae: CF,
    be: CF | ZF,
    a: CF | ZF,
  };
  return ((needs[condition] ?? 0) & ~defined) !== 0;
}

class Bench {
  readonly cpu = new TestCpu();
  #at = CODE;

  /** Places code followed by int3; yields where. */
  place(code: Uint8Array): number {
    const at = this.#at;
    this.#at += 80;
    this.cpu.memory.setBytes(at, code);
    this.cpu.memory.setU8(at + code.length, 0xcc);
    return at;
  }
  run(at: number, before: BigUint64Array): number {
    setWords(this.cpu, before);
    this.cpu.state.rip = at;
    return this.cpu.finish(1000);
  }
}

function differences(
  form: Form,
  before: BigUint64Array,
  want: BigUint64Array,
  got: BigUint64Array,
): string[] {
  const defined = BigInt(definedFlags(form.asm, before) | (form.kind === 'string' ? 0x400 : 0));
  const wrong: string[] = [];
  for (let word = 0; word < WORDS; word++) {
    let [a, b] = [want[word]!, got[word]!];
    if (word === FLAGS_WORD) [a, b] = [a & defined, b & defined];
    if (a !== b) wrong.push(`${nameOf(word)} is ${b.toString(16)}, not ${a.toString(16)}`);
  }
  return wrong;
}

/** What stands on the stack or in a register after a call or pushfq differs between here and the recorder. */
function isPlaceDependent(asm: string): boolean {
  return asm.startsWith('call') || asm === 'pushfq';
}

test(`does what the host CPU does, in ${FORMS.length} forms`, { timeout: 120_000 }, () => {
  const recording = new Recording();
  const bench = new Bench();
  const failures: string[] = [];
  let count = 0;
  FORMS.forEach((form, number) => {
    const at = bench.place(recording.codes[number]!);
    for (let index = 0; index < CASES; index++) {
      const before = inputWords(number, index, form.kind);
      const want = recording.after(before);
      if (isUndefined(form.asm, before) || isPlaceDependent(form.asm)) continue;
      count++;
      const reason = bench.run(at, before);
      const title = `${form.asm} (form ${number}, input ${index})`;
      if (want === undefined) {
        if (reason !== Exit.divide) failures.push(`${title}: exit ${reason}, not a divide error`);
        continue;
      }
      if (reason !== Exit.breakpoint) {
        failures.push(
          `${title}: exit ${reason} ${reason === Exit.unsupported ? bench.cpu.cpu.unsupported : ''}`,
        );
        continue;
      }
      const wrong = differences(form, before, want, getWords(bench.cpu));
      if (wrong.length > 0) failures.push(`${title}: ${wrong.join('; ')}`);
    }
  });
  expect(count).toBeGreaterThan(20_000);
  const shown = new Map<string, string>();
  for (const failure of failures) {
    const asm = failure.slice(0, failure.indexOf(' (form'));
    if (!shown.has(asm)) shown.set(asm, failure);
  }
  expect([...shown.values()].slice(0, 60)).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { isKnownExport } from '../../src/dlls/known-exports/index.ts';
import { familiesOf } from '../../src/dlls/registry.ts';
import { STATE } from '../../src/machine/cpu-state.ts';
import { CPU_STATE } from '../../src/machine/layout.ts';
import { CrtGuest } from './msvcrt-guest.ts';

const ucrt = () => new CrtGuest(undefined, 'ucrtbase');
const LC_ALL = 0;
const EILSEQ = 42;

function listOf(guest: CrtGuest, ...slots: (number | { double: number })[]): number {
  const list = guest.block(slots.length * 8);
  slots.forEach((slot, i) => {
    if (typeof slot === 'number') guest.memory.setU64(list + i * 8, slot);
    else {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, slot.double);
      guest.memory.setHalves(list + i * 8, view.getUint32(4), view.getUint32(0));
    }
  });
  return list;
}

/** What __stdio_common_vsprintf makes, and its answer. */
function format(guest: CrtGuest, options: number, text: string, list: number, size = 64) {
  const buffer = guest.block(size + 1);
  guest.memory.fill(buffer, 0x23, size + 1);
  const answer = guest.int('__stdio_common_vsprintf', options, buffer, size, guest.text(text), 0, list);
  const bytes = guest.read(buffer, size);
  const end = bytes.indexOf('\0');
  return { answer, text: end < 0 ? bytes : bytes.slice(0, end), terminated: end >= 0 };
}

describe('exports', () => {
  for (const dll of ['msvcrt', 'ucrtbase', 'vcruntime140', 'vcruntime140_1']) {
    it(`of ${dll} are those that Windows has, each once`, () => {
      const names = familiesOf[dll]!().flatMap(({ functions }) =>
        Object.keys(functions).filter((name) => !functions[name]!.hidden),
      );
      expect(names.filter((name) => !isKnownExport(dll, name))).toEqual([]);
      expect(names.length).toBe(new Set(names).size);
    });
  }
  it('of the Universal C Runtime have its printf and not the names that its headers define', () => {
    const names = familiesOf.ucrtbase!().flatMap(({ functions }) =>
      Object.keys(functions).filter((name) => !functions[name]!.hidden),
    );
    expect(names).toContain('__stdio_common_vfprintf');
    expect(names).not.toContain('printf');
    expect(names).not.toContain('__getmainargs');
  });
});

describe('the option bits of __stdio_common_vsprintf', () => {
  it('choose how a text that does not fit ends', () => {
    const guest = ucrt();
    const list = listOf(guest, guest.text('abcdef'));
    expect(format(guest, 2, '%s', list, 4)).toEqual({ answer: 6, text: 'abc', terminated: true });
    expect(format(guest, 1, '%s', list, 4)).toEqual({ answer: -1, text: 'abcd', terminated: false });
    expect(format(guest, 1, '%s', list, 6)).toEqual({ answer: 6, text: 'abcdef', terminated: false });
    expect(format(guest, 0, '%s', list, 4)).toEqual({ answer: -1, text: 'abc', terminated: true });
    expect(guest.int('__stdio_common_vsprintf', 2, 0, 0, guest.text('%s'), 0, list)).toBe(6);
  });
  it('choose rounding and exponents', () => {
    const guest = ucrt();
    const half = listOf(guest, { double: 0.5 }, { double: 2.5e10 });
    expect(format(guest, 2, '%.0f %.0e', half).text).toBe('1 3e+10');
    expect(format(guest, 0x22, '%.0f %.0e', half).text).toBe('0 2e+10');
    expect(format(guest, 0x12, '%.0f %.0e', half).text).toBe('1 3e+010');
    expect(format(guest, 0x0a, '%g', listOf(guest, { double: Infinity })).text).toBe('1.#INF');
  });
  it('let %n store only when the program asks for it', () => {
    const guest = ucrt();
    const count = guest.block(4);
    guest.memory.setU32(count, 77);
    expect(guest.int('_set_printf_count_output', 1)).toBe(0);
    expect(format(guest, 2, 'abc%n', listOf(guest, count)).text).toBe('abc');
    expect(guest.memory.u32(count)).toBe(3);
    expect(guest.int('_get_printf_count_output')).toBe(1);
  });
  it('take arguments by position in the _p form', () => {
    const guest = ucrt();
    const buffer = guest.block(32);
    const list = listOf(guest, guest.text('b'), guest.text('a'), 7);
    const text = guest.text('%2$s %1$s %3$0*3$d %2$s');
    expect(guest.int('__stdio_common_vsprintf_p', 0, buffer, 32, text, 0, list)).toBe(13);
    expect(guest.read(buffer, 13)).toBe('a b 0000007 a');
  });
});

describe('UTF-8', () => {
  const EURO = '\xe2\x82\xac';
  const EMOJI = '\xf0\x9f\x98\x80';

  function inUtf8(): CrtGuest {
    const guest = ucrt();
    expect(guest.call('setlocale', LC_ALL, guest.text('.UTF8'))).not.toBe(0);
    return guest;
  }

  it('has characters of several bytes', () => {
    const guest = inUtf8();
    const wide = guest.block(16);
    expect(guest.int('mbtowc', wide, guest.text(EURO), 3)).toBe(3);
    expect(guest.memory.u16(wide)).toBe(0x20ac);
    expect(guest.int('mbtowc', wide, guest.text('\xff'), 1)).toBe(-1);
    expect(guest.errno).toBe(EILSEQ);
    expect(guest.int('___mb_cur_max_func')).toBe(4);
    expect(guest.call('mbstowcs', wide, guest.text(`a${EMOJI}`), 8)).toBe(3);
    expect([0, 2, 4].map((at) => guest.memory.u16(wide + at))).toEqual([0x61, 0xd83d, 0xde00]);
  });
  it('keeps what came of a character between calls', () => {
    const guest = inUtf8();
    const wide = guest.block(8);
    const state = guest.block(8);
    guest.memory.fill(state, 0, 8);
    const text = guest.text(EURO);
    const INCOMPLETE = 0xffff_ffff_ffff_fffen;
    expect(guest.call64('mbrtowc', wide, text, 1, state)).toBe(INCOMPLETE);
    // The headers' mbsinit looks at the first four bytes.
    expect(guest.memory.u32(state)).not.toBe(0);
    expect(guest.call64('mbrtowc', wide, text + 1, 1, state)).toBe(INCOMPLETE);
    expect(guest.call('mbrtowc', wide, text + 2, 1, state)).toBe(1);
    expect(guest.memory.u16(wide)).toBe(0x20ac);
  });
  it('never cuts a character in two', () => {
    const guest = inUtf8();
    const bytes = guest.block(8);
    guest.memory.fill(bytes, 0x23, 8);
    expect(guest.call('wcstombs', bytes, guest.wide('a\u20ac'), 3)).toBe(1);
    expect(guest.read(bytes, 2)).toBe('a\0');
    expect(format(guest, 2, '%.4ls|', listOf(guest, guest.wide('\u20ac\u20ac'))).text).toBe(`${EURO}|`);
  });
  it('is what char16_t and char32_t functions use in every locale', () => {
    const guest = ucrt();
    const state = guest.block(8);
    const out = guest.block(8);
    guest.memory.fill(state, 0, 8);
    expect(guest.call('mbrtoc16', out, guest.text(EMOJI), 4, state)).toBe(4);
    expect(guest.memory.u16(out)).toBe(0xd83d);
    expect(guest.call64('mbrtoc16', out, guest.text('x'), 1, state)).toBe(0xffff_ffff_ffff_fffdn);
    expect(guest.memory.u16(out)).toBe(0xde00);
    expect(guest.call('c32rtomb', out, 0x1f600, state)).toBe(4);
    expect(guest.read(out, 4)).toBe(EMOJI);
  });
  it('is none of the locales of msvcrt', () => {
    const guest = new CrtGuest();
    expect(guest.call('setlocale', LC_ALL, guest.text('.65001'))).toBe(0);
    expect(guest.call('setlocale', LC_ALL, guest.text('.1252'))).not.toBe(0);
  });
});

describe('an invalid parameter', () => {
  it('ends a process without a handler, as a fast failure', () => {
    const guest = ucrt();
    guest.enter('strcpy_s', [0, 1, guest.text('x')]);
    expect(guest.thread.exception?.code).toBe(0xc0000409);
  });
  it('is only an error in msvcrt', () => {
    const guest = new CrtGuest();
    const buffer = guest.block(8);
    expect(guest.int('wcscpy_s', 0, 1, guest.wide('x'))).toBe(22);
    expect(guest.int('wcscpy_s', buffer, 2, guest.wide('xyz'))).toBe(34);
    expect(guest.memory.u16(buffer)).toBe(0);
  });
});

describe('an exit table', () => {
  it('grows, calls last first, and is empty afterwards', () => {
    const guest = ucrt();
    const table = guest.block(24);
    guest.memory.fill(table, 0, 24);
    const order: number[] = [];
    expect(guest.int('_initialize_onexit_table', table)).toBe(0);
    for (let i = 0; i < 100; i++) {
      const address = guest.callback(() => {
        order.push(i);
        return 0;
      });
      expect(guest.int('_register_onexit_function', table, address)).toBe(0);
    }
    expect(guest.int('_execute_onexit_table', table)).toBe(0);
    expect(order).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i));
    expect(guest.int('_execute_onexit_table', table)).toBe(0);
    expect(order.length).toBe(100);
  });
});

describe('floating-point results', () => {
  it('are rounded as the control register says', () => {
    const guest = ucrt();
    expect(guest.double('rint', { double: 2.5 })).toBe(2);
    guest.int('fesetround', 0x200);
    expect(guest.double('rint', { double: 2.1 })).toBe(3);
    expect(guest.int('fegetround')).toBe(0x200);
    expect(guest.int('__fpe_flt_rounds')).toBe(2);
  });
  it('carry the NaN that x86 makes, or that of an argument', () => {
    const guest = ucrt();
    guest.double('sqrt', { double: -1 });
    expect(guest.thread.words[xmm0 + 1]).toBe(0xfff80000);
    guest.double('strtod', guest.text('nan'), 0);
    expect(guest.thread.words[xmm0 + 1]).toBe(0x7ff80000);
  });
});

const xmm0 = (CPU_STATE + STATE.xmm) / 4;

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localeApi } from '../../src/dlls/kernel32/locale.ts';
import { lstrApi } from '../../src/dlls/kernel32/lstr.ts';
import { messageApi } from '../../src/dlls/kernel32/message.ts';
import { codePageApi, stringApi } from '../../src/dlls/kernel32/string.ts';
import { Pending } from '../../src/process/thread.ts';
import { Guest } from './guest.ts';

const api = {
  ...localeApi.functions,
  ...lstrApi.functions,
  ...messageApi.functions,
  ...codePageApi.functions,
  ...stringApi.functions,
};
let guest: Guest;
beforeEach(() => {
  guest = new Guest();
});
afterEach(() => guest.close());
const error = (result: number) => (result ? 0 : guest.lastError);

describe('code pages', () => {
  const toWide = (codePage: number, bytes: string, flags = 0): string | number => {
    const source = guest.narrow(bytes);
    const units = guest.call(
      api.MultiByteToWideChar,
      codePage,
      flags,
      source,
      bytes.length,
      guest.buffer,
      100,
    );
    if (units === 0) return guest.lastError;
    expect(guest.call(api.MultiByteToWideChar, codePage, flags, source, bytes.length, 0, 0)).toBe(units);
    return Array.from({ length: units }, (_, i) =>
      String.fromCharCode(guest.memory.u16(guest.buffer + i * 2)),
    ).join('');
  };
  const toBytes = (codePage: number, text: string, flags = 0, defaultChar = 0, used = 0): string | number => {
    const count = guest.call(
      api.WideCharToMultiByte,
      codePage,
      flags,
      text,
      text.length,
      guest.buffer,
      100,
      defaultChar,
      used,
    );
    if (count === 0) return guest.lastError;
    return Array.from(guest.memory.bytes(guest.buffer, count), (byte) => String.fromCharCode(byte)).join('');
  };
  it('converts UTF-8, 1252, 437, 850, 1251 and Latin-1 both ways', () => {
    for (const [codePage, bytes, text] of [
      [65001, 'a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80', 'aä€😀'],
      [1252, 'a\xe4\x80\x81', 'aä€\u0081'],
      [0, '\x93x\x94', '“x”'],
      [1, '\x81\xb3\xff', 'ü│\u00a0'],
      [850, '\xe0\xd5', 'Óı'],
      [1251, '\xcf\xf0', 'Пр'],
      [28591, '\x80\xff', '\u0080ÿ'],
    ] as const) {
      expect(toWide(codePage, bytes), String(codePage)).toBe(text);
      expect(toBytes(codePage, text), String(codePage)).toBe(bytes);
    }
  });
  it('invalid sequences become U+FFFD, or are refused', () => {
    expect(toWide(65001, 'a\xffb')).toBe('a\ufffdb');
    expect(toWide(65001, 'a\xffb', 8)).toBe(1113);
    expect(toWide(65001, '\xef\xbf\xbd', 8)).toBe('\ufffd');
    expect(toWide(20127, '\x80', 8)).toBe(1113);
    expect(toBytes(65001, '\ud800')).toBe('\xef\xbf\xbd');
    expect(toBytes(65001, '\ud800', 0x80)).toBe(1113);
  });
  it('characters without a place become the default one and are told', () => {
    expect(toBytes(1252, 'aЖb', 0, 0, guest.buffer + 0x200)).toBe('a?b');
    expect(guest.memory.u32(guest.buffer + 0x200)).toBe(1);
    expect(toBytes(1252, 'aЖb', 0, guest.narrow('_'))).toBe('a_b');
    expect(toBytes(65001, 'a', 0, guest.narrow('_'))).toBe(87);
    expect([toBytes(1252, '\u0100\uff21'), toBytes(1252, '\u0100', 0x400)]).toEqual(['AA', '?']);
  });
  it('a count of -1 takes the NUL too; too small a buffer is 122; bad arguments are 87 or 1004', () => {
    const source = guest.narrow('abc');
    expect(guest.call(api.MultiByteToWideChar, 0, 0, source, -1, 0, 0)).toBe(4);
    expect(error(guest.call(api.MultiByteToWideChar, 0, 0, source, -1, guest.buffer, 3))).toBe(122);
    expect(error(guest.call(api.MultiByteToWideChar, 0, 0, source, 0, guest.buffer, 3))).toBe(87);
    expect(error(guest.call(api.MultiByteToWideChar, 65001, 1, source, 1, guest.buffer, 3))).toBe(1004);
    expect(error(guest.call(api.MultiByteToWideChar, 932, 0, source, 1, guest.buffer, 3))).toBe(87);
  });
  it('information about code pages', () => {
    expect([guest.call(api.GetACP), guest.call(api.GetOEMCP)]).toEqual([1252, 437]);
    expect([1252, 65001, 932, 0].map((page) => guest.call(api.IsValidCodePage, page))).toEqual([1, 1, 0, 0]);
    guest.call(api.GetCPInfo, 65001, guest.buffer);
    expect([guest.memory.u32(guest.buffer), guest.memory.u8(guest.buffer + 4)]).toEqual([4, 0x3f]);
  });
});

describe('FormatMessage', () => {
  const [ALLOCATE, IGNORE, STRING, SYSTEM, ARRAY] = [0x100, 0x200, 0x400, 0x1000, 0x2000] as const;
  const format = (
    flags: number,
    source: string | number,
    id: number,
    args: number,
    size = 1000,
  ): string | number => {
    const units = guest.call(api.FormatMessageW, flags, source, id, 0, guest.buffer, size, args);
    return units === 0 ? guest.lastError : guest.memory.utf16z(guest.buffer, units);
  };
  it('puts inserts in, with their formats, from an array or a va_list', () => {
    const args = guest.buffer + 0x4000;
    guest.memory.setU64(args, guest.wide('one'));
    guest.memory.setU64(args + 8, 0xffff_fffe);
    guest.memory.setU64(args + 16, 0x1234);
    const text = '%2!d! <%1> %1!5s!|%1!-5s!|%3!08x!|%3!#X! 100%%%n%4%0gone';
    guest.memory.setU64(args + 24, guest.wide('four'));
    const made = '-2 <one>   one|one  |00001234|0X1234 100%\r\nfour';
    expect(format(STRING | ARRAY, text, 0, args)).toBe(made);
    guest.memory.setU64(args + 0x100, args);
    expect(format(STRING, text, 0, args + 0x100)).toBe(made);
    expect(format(STRING | IGNORE, '%1 %%%n%x', 0, 0)).toBe('%1 %%\r\n%x');
    expect(format(STRING | ARRAY, '%1', 0, 0)).toBe(87);
    format(STRING | ARRAY, '%1!e!', 0, args);
    expect([guest.thread.pending, guest.thread.stopReason]).toEqual([
      Pending.stop,
      'kernel32!FormatMessageW: the insert %1!e! is not built yet',
    ]);
  });
  it('has system messages, allocates when asked, and refuses too small a buffer and unknown numbers', () => {
    expect(format(SYSTEM | IGNORE, 0, 2, 0)).toBe('The file was not found.\r\n');
    expect(format(SYSTEM | IGNORE | 0xff, 0, 2, 0)).toBe('The file was not found. ');
    expect(format(SYSTEM | IGNORE, 0, 2, 0, 25)).toBe(122);
    expect(format(SYSTEM | IGNORE, 0, 0x7777_7777, 0)).toBe(317);
    const units = guest.call(api.FormatMessageA, SYSTEM | IGNORE | ALLOCATE, 0, 5, 0, guest.buffer, 0, 0);
    expect(guest.memory.asciiz(guest.memory.u64(guest.buffer))).toHaveLength(units);
  });
});

describe('strings', () => {
  it('the lstr functions', () => {
    expect([guest.call(api.lstrlenW, 'abc'), guest.call(api.lstrlenA, 0)]).toEqual([3, 0]);
    guest.call(api.lstrcpyW, guest.buffer, 'abc');
    guest.call(api.lstrcatW, guest.buffer, 'def');
    expect(guest.memory.utf16z(guest.buffer)).toBe('abcdef');
    guest.call(api.lstrcpynW, guest.buffer, 'abcdef', 4);
    expect(guest.memory.utf16z(guest.buffer)).toBe('abc');
    expect([
      guest.call(api.lstrcmpW, 'a', 'B'),
      guest.call(api.lstrcmpiW, 'ABC', 'abc'),
      guest.call(api.lstrcmpW, 'a', 'A'),
    ]).toEqual([-1, 0, -1]);
  });
  it('comparison and case', () => {
    expect(guest.call(api.CompareStringW, 0x409, 1, 'Ä', -1, 'ä', -1)).toBe(2);
    expect(guest.call(api.CompareStringW, 0x409, 0, 'b', 1, 'a', 1)).toBe(3);
    expect(
      [0, 0x1000].map((flags) => guest.call(api.CompareStringW, 0x409, flags, 'co-op', -1, 'coop', -1)),
    ).toEqual([3, 1]);
    expect(guest.call(api.CompareStringOrdinal, 'B', -1, 'a', -1, 0)).toBe(1);
    expect(guest.call(api.CompareStringOrdinal, 'B', -1, 'a', -1, 1)).toBe(3);
    expect(guest.call(api.LCMapStringW, 0x409, 0x200, 'aßä', 3, guest.buffer, 10)).toBe(3);
    expect(guest.memory.utf16z(guest.buffer, 3)).toBe('AßÄ');
    expect(guest.call(api.GetStringTypeW, 1, 'A1 ', 3, guest.buffer)).toBe(1);
    expect([0, 2, 4].map((at) => guest.memory.u16(guest.buffer + at))).toEqual([0x381, 0x284, 0x248]);
  });
  it('locale information', () => {
    expect(guest.call(api.GetLocaleInfoW, 0x400, 0x0e, guest.buffer, 10)).toBe(2);
    expect(guest.memory.utf16z(guest.buffer)).toBe('.');
    expect(guest.call(api.GetLocaleInfoW, 0x400, 0x2000_1004, guest.buffer, 2)).toBe(2);
    expect(guest.memory.u32(guest.buffer)).toBe(1252);
    expect(guest.call(api.GetUserDefaultLocaleName, guest.buffer, 85)).toBe(6);
  });
});

import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { ANSI, type TextForm, WIDE, writeText } from '../guest-text.ts';
import { compareText } from './string.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-{}';
const LONGEST = 0x1000_0000;

const lengthOf = (form: TextForm) => (thread: Thread, text: number) =>
  text === 0 ? 0 : form.encode(form.read(thread.memory, text, LONGEST)).length / form.unit;

function copy(form: TextForm) {
  return (thread: Thread, target: number, source: number): number => {
    writeText(thread, form, target, form.read(thread.memory, source, LONGEST));
    return target;
  };
}
/** Copies at most `max` units with the NUL. */
function copyPart(form: TextForm) {
  return (thread: Thread, target: number, source: number, max: number): number => {
    if (max <= 0) return 0;
    writeText(thread, form, target, form.read(thread.memory, source, max).slice(0, max - 1));
    return target;
  };
}
function append(form: TextForm) {
  return (thread: Thread, target: number, source: number): number => {
    const at = target + form.encode(form.read(thread.memory, target, LONGEST)).length;
    writeText(thread, form, at, form.read(thread.memory, source, LONGEST));
    return target;
  };
}
function compare(form: TextForm, ignoreCase: boolean) {
  return (thread: Thread, first: number, second: number): number => {
    // NULL is less than every string.
    if (first === 0 || second === 0) return Math.sign(first - second);
    const a = form.read(thread.memory, first, LONGEST);
    return compareText(a, form.read(thread.memory, second, LONGEST), ignoreCase);
  };
}

const ONE = 'lpString: address';
const TWO = 'lpString1: address, lpString2: address';
const PART = 'lpString1: address, lpString2: address, iMaxLength: int';

/** winbase.h: the lstr functions. They guard themselves: a bad pointer answers 0 or NULL. */
export const lstrApi = family('kernel32', PAGES, () => ({
  lstrlenA: service(ONE, 'int', lengthOf(ANSI)),
  lstrlenW: service(ONE, 'int', lengthOf(WIDE)),
  lstrcpyA: service(TWO, 'address', copy(ANSI)),
  lstrcpyW: service(TWO, 'address', copy(WIDE)),
  lstrcpynA: service(PART, 'address', copyPart(ANSI)),
  lstrcpynW: service(PART, 'address', copyPart(WIDE)),
  lstrcatA: service(TWO, 'address', append(ANSI)),
  lstrcatW: service(TWO, 'address', append(WIDE)),
  lstrcmpA: service(TWO, 'int', compare(ANSI, false)),
  lstrcmpW: service(TWO, 'int', compare(WIDE, false)),
  lstrcmpiA: service(TWO, 'int', compare(ANSI, true)),
  lstrcmpiW: service(TWO, 'int', compare(WIDE, true)),
}));

import { ANSI_CODE_PAGE, OEM_CODE_PAGE, UTF8 } from '../../process/code-pages.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocateZeroed, release } from './allocation.ts';
import { byteMaps } from './case-map.ts';
import { changeClasses, classTable } from './character-class.ts';
import { dataAddress } from './data.ts';
import { failInvalid } from './invalid.ts';
import { LC_ALL, LC_CTYPE, LC_MONETARY, LC_NUMERIC, type LocaleName, localeNamed } from './locale-names.ts';
import { crtOf, keptBlock } from './state.ts';
import { readText, writeTerminated } from './text.ts';

/** struct lconv: ten pointers, eight chars, and in the Universal C Runtime eight wide pointers. */
const LCONV_POINTERS = 10;
const LCONV_CHARS = 8;
const LCONV_WIDE = 88;
const LCONV_SIZE = 0x98;
const CHAR_MAX = 127;
/** Room for each text. */
const TEXT = 16;
/** Which text each wide pointer repeats: all but the two groupings. */
const WIDE_OF = [0, 1, 3, 4, 5, 6, 8, 9];

/** The texts in the order of struct lconv; grouping is bytes. */
const C_TEXTS = ['.', '', '', '', '', '', '', '', '', ''];
const ENGLISH_NUMERIC = ['.', ',', '\x03'];
const ENGLISH_MONETARY = ['USD', '$', '.', ',', '\x03', '', '-'];
const ENGLISH_CHARS = [2, 2, 1, 0, 1, 0, 3, 0];

function localeConventions(thread: Thread): number {
  const { memory } = thread;
  const names = crtOf(thread.process).localeNames;
  const numeric = names[LC_NUMERIC] !== 'C';
  const monetary = names[LC_MONETARY] !== 'C';
  const texts = [...C_TEXTS];
  if (numeric) texts.splice(0, 3, ...ENGLISH_NUMERIC);
  if (monetary) texts.splice(3, 7, ...ENGLISH_MONETARY);
  const size = LCONV_SIZE + (LCONV_POINTERS + WIDE_OF.length) * TEXT;
  const lconv = keptBlock(crtOf(thread.process), 'lconv', size, () => {});
  const place = (slot: number, index: number, text: string, wide: boolean) => {
    const at = lconv + LCONV_SIZE + index * TEXT;
    memory.setU64(lconv + slot, at);
    writeTerminated(memory, at, text, wide);
  };
  for (const [i, text] of texts.entries()) place(i * 8, i, text, false);
  WIDE_OF.forEach((of, i) => {
    place(LCONV_WIDE + i * 8, LCONV_POINTERS + i, texts[of]!, true);
  });
  for (let i = 0; i < LCONV_CHARS; i++)
    memory.setU8(lconv + LCONV_POINTERS * 8 + i, monetary ? ENGLISH_CHARS[i]! : CHAR_MAX);
  return lconv;
}

const CATEGORIES = 6;
/** Longest answer: a name for each category. */
const NAME_ROOM = 512;
const CATEGORY_NAMES = ['LC_ALL', 'LC_COLLATE', 'LC_CTYPE', 'LC_MONETARY', 'LC_NUMERIC', 'LC_TIME'];

/** setlocale's answer: one name, or one for each category where they differ. */
function currentName(names: readonly string[], category: number): string {
  if (category !== LC_ALL) return names[category]!;
  if (names.slice(1).every((name) => name === names[1])) return names[1]!;
  return CATEGORY_NAMES.slice(1)
    .map((category, i) => `${category}=${names[i + 1]}`)
    .join(';');
}

/** The locale of each category that a call asks for; undefined when there is one that is none. */
function requested(category: number, text: string, universal: boolean): Map<number, LocaleName> | undefined {
  const found = new Map<number, LocaleName>();
  const parts = category === LC_ALL && text.startsWith('LC_') ? text.split(';') : [`${category}=${text}`];
  for (const part of parts) {
    const [key, name] = [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)];
    const locale = localeNamed(name, universal);
    const index = CATEGORY_NAMES.includes(key) ? CATEGORY_NAMES.indexOf(key) : Number(key);
    if (!locale || Number.isNaN(index)) return undefined;
    if (index !== LC_ALL) found.set(index, locale);
    else for (let i = 1; i < CATEGORIES; i++) found.set(i, locale);
  }
  return found;
}

function setLocale(thread: Thread, category: number, text: string | undefined, wide: boolean): number {
  const crt = crtOf(thread.process);
  if (category < 0 || category >= CATEGORIES) return failInvalid(thread, 22, 0);
  if (text !== undefined) {
    const wanted = requested(category, text, crt.isUniversal);
    if (!wanted) return 0;
    for (const [index, { name, codePage }] of wanted) {
      crt.localeNames[index] = name;
      if (index === LC_CTYPE) setCodePage(thread, codePage);
    }
  }
  const answer = currentName(crt.localeNames, category);
  const at = keptBlock(crt, wide ? 'wide locale name' : 'locale name', NAME_ROOM * 2, () => {});
  writeTerminated(thread.memory, at, answer.slice(0, NAME_ROOM - 1), wide);
  return at;
}

function setCodePage(thread: Thread, codePage: number): void {
  const crt = crtOf(thread.process);
  if (crt.codePage === codePage) return;
  crt.codePage = codePage;
  changeClasses(thread.process, byteMaps(codePage).classes);
  thread.memory.setU32(dataAddress(thread.process, '__mb_cur_max'), longestCharacter(codePage));
}

function longestCharacter(codePage: number): number {
  return codePage === UTF8 ? 4 : 1;
}

/** _locale_t: pointers to what the headers' inline functions look at; class table, longest character, code page. */
const LOCALE_SIZE = 48;
const LOCALE_INFO = 16;

function newLocale(thread: Thread, codePage: number): number {
  const { memory, process } = thread;
  const at = allocateZeroed(process, LOCALE_SIZE);
  if (at === 0) return 0;
  memory.setU64(at, at + LOCALE_INFO);
  memory.setU64(at + 8, at + LOCALE_INFO);
  memory.setU64(at + LOCALE_INFO, classTable(process) + 2);
  memory.setU32(at + LOCALE_INFO + 8, longestCharacter(codePage));
  memory.setU32(at + LOCALE_INFO + 12, codePage);
  crtOf(process).locales.set(at, { codePage });
  return at;
}

function createLocale(wide: boolean) {
  return library('category: int, locale: address', 'address', (thread, category, name) => {
    if (category < 0 || category >= CATEGORIES || name === 0) return failInvalid(thread, 22, 0);
    const locale = localeNamed(readText(thread.memory, name, wide), crtOf(thread.process).isUniversal);
    if (!locale) return 0;
    return newLocale(thread, category === LC_ALL || category === LC_CTYPE ? locale.codePage : 0);
  });
}

const currentCodePage = (thread: Thread) => crtOf(thread.process).codePage;
const DISABLE_PER_THREAD_LOCALE = 2;
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** locale.h: "C", English with code page 1252, and in the Universal C Runtime UTF-8. */
export const localeApi = family('crt', PAGES, () => ({
  localeconv: library('', 'address', localeConventions),
  setlocale: library('category: int, locale: address', 'address', (t, category, locale) =>
    setLocale(t, category, locale === 0 ? undefined : readText(t.memory, locale, false), false),
  ),
  _wsetlocale: library('category: int, locale: address', 'address', (t, category, locale) =>
    setLocale(t, category, locale === 0 ? undefined : readText(t.memory, locale, true), true),
  ),
  _create_locale: createLocale(false),
  _wcreate_locale: createLocale(true),
  _get_current_locale: library('', 'address', (t) => newLocale(t, currentCodePage(t))),
  _free_locale: library('locale: address', 'void', (t, locale) => {
    if (crtOf(t.process).locales.delete(locale)) release(t.process, locale);
    return 0;
  }),
  /** One locale for the process: asking for one a thread is refused, as there is one thread. */
  _configthreadlocale: library('per_thread_locale_type: int', 'int', (t, type) =>
    type >= -1 && type <= DISABLE_PER_THREAD_LOCALE ? DISABLE_PER_THREAD_LOCALE : failInvalid(t),
  ),
  __lconv_init: library('', 'int', () => 0),
  __initialize_lconv_for_unsigned_char: library('', 'void', () => 0),
  ___lc_codepage_func: library('', 'dword', currentCodePage),
  ___lc_collate_cp_func: library('', 'dword', currentCodePage),
  ___lc_handle_func: library('', 'address', (t) =>
    keptBlock(crtOf(t.process), 'locale handles', CATEGORIES * 4, () => {}),
  ),
  ___lc_locale_name_func: library('', 'address', (t) =>
    keptBlock(crtOf(t.process), 'locale names', CATEGORIES * 8, () => {}),
  ),
  ___mb_cur_max_func: library('', 'int', (t) => longestCharacter(currentCodePage(t))),
  ___mb_cur_max_l_func: library('locale: address', 'int', (t, locale) =>
    longestCharacter(crtOf(t.process).locales.get(locale)?.codePage ?? currentCodePage(t)),
  ),
  ___setlc_active_func: library('', 'int', () => 0),
  ___unguarded_readlc_active_add_func: library('', 'address', (t) =>
    keptBlock(crtOf(t.process), 'readers of the locale', 4, () => {}),
  ),
  /** The multibyte code page is the system's, which has single bytes. */
  _getmbcp: library('', 'int', (t) => crtOf(t.process).multibyteCodePage),
  _setmbcp: library('codepage: int', 'int', (t, codepage) => {
    const known: Record<number, number> = { [-3]: ANSI_CODE_PAGE, [-2]: OEM_CODE_PAGE, [-4]: ANSI_CODE_PAGE };
    const wanted = known[codepage] ?? codepage;
    if (![0, ANSI_CODE_PAGE, OEM_CODE_PAGE].includes(wanted)) return failInvalid(t);
    crtOf(t.process).multibyteCodePage = wanted === ANSI_CODE_PAGE || wanted === OEM_CODE_PAGE ? 0 : wanted;
    return 0;
  }),
}));

import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { dataAddress } from './data.ts';
import { crtOf, keptBlock } from './state.ts';
import { readNarrow, readWide, writeTerminated } from './text.ts';

/** struct lconv: ten pointers, then eight chars. Everything but the decimal point is absent in the "C" locale. */
const LCONV_POINTERS = 10;
const LCONV_CHARS = 8;
const LCONV_SIZE = 0x98;
const CHAR_MAX = 127;

function localeConventions(thread: Thread): number {
  const { memory } = thread;
  return keptBlock(crtOf(thread.process), 'lconv', LCONV_SIZE + 8, (lconv) => {
    const point = lconv + LCONV_SIZE;
    const empty = point + 4;
    writeTerminated(memory, point, '.', false);
    for (let i = 0; i < LCONV_POINTERS; i++) memory.setU64(lconv + i * 8, i === 0 ? point : empty);
    memory.fill(lconv + LCONV_POINTERS * 8, CHAR_MAX, LCONV_CHARS);
  });
}

const CATEGORIES = 6;
/** The only locale there is; '' is the system's own, which is English and differs from "C" in what we do not offer. */
function setLocale(thread: Thread, category: number, locale: string | undefined, wide: boolean): number {
  if (category < 0 || category >= CATEGORIES) return 0;
  if (locale !== undefined && locale !== 'C' && locale !== 'POSIX' && locale !== '') return 0;
  if (locale === '')
    return thread.stop('msvcrt!setlocale: locales other than "C" are not built yet (asked for "")');
  return keptBlock(crtOf(thread.process), wide ? 'wide locale name' : 'locale name', 4, (at) =>
    writeTerminated(thread.memory, at, 'C', wide),
  );
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** locale.h: the "C" locale. */
export const localeApi = family('crt', PAGES, {
  localeconv: library('', 'address', localeConventions),
  setlocale: library('category: int, locale: address', 'address', (thread, category, locale) =>
    setLocale(thread, category, locale === 0 ? undefined : readNarrow(thread.memory, locale), false),
  ),
  _wsetlocale: library('category: int, locale: address', 'address', (thread, category, locale) =>
    setLocale(thread, category, locale === 0 ? undefined : readWide(thread.memory, locale), true),
  ),
  __lconv_init: library('', 'int', () => 0),
  ___lc_codepage_func: library('', 'dword', () => 0),
  ___lc_handle_func: library('', 'address', (thread) =>
    keptBlock(crtOf(thread.process), 'locale handles', CATEGORIES * 4, () => {}),
  ),
  ___mb_cur_max_func: library('', 'int', (thread) =>
    thread.memory.i32(dataAddress(thread.process, '__mb_cur_max')),
  ),
  ___setlc_active_func: library('', 'int', () => 0),
  _getmbcp: library('', 'int', () => 0),
});

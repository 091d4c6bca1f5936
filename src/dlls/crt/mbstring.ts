import { ANSI_CODE_PAGE } from '../../process/code-pages.ts';
import { family, library } from '../api.ts';
import { byteMaps } from './case-map.ts';
import { ALPHA, BLANK, DIGIT, LOWER, PUNCT, SPACE, UPPER } from './character-class.ts';
import { EINVAL } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { stringApi } from './string.ts';
import { stringLocaleApi } from './string-locale.ts';
import { stringSecureApi } from './string-secure.ts';
import { byteLength } from './text.ts';

const GRAPH = PUNCT | ALPHA | DIGIT;
const PRINT = BLANK | GRAPH;
const isByte = (c: number) => c < 256;
const system = () => byteMaps(ANSI_CODE_PAGE);

function isCharacter(mask: number) {
  return library('c: dword', 'int', (_t, c) => (isByte(c) ? system().classes[c]! & mask : 0));
}
// _MBC_SINGLE and _MBC_ILLEGAL
const SINGLE = 0;
const ILLEGAL = -1;
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/**
 * mbstring.h in the multibyte code page, which is the system's (1252): every character is one byte, none is a lead
 * byte, and most functions are those of string.h. A locale, where one is given, has single bytes as well.
 */
export const mbstringApi = family('crt', PAGES, () => {
  const string = stringApi.functions;
  const locale = stringLocaleApi.functions;
  const secure = stringSecureApi.functions;
  /** Kana, lead bytes and the like: there are none. */
  const none = library('c: dword', 'int', () => 0);
  const noneInString = library('str: address, current: address', 'int', () => 0);
  const isBlank = library('c: dword', 'int', (_t, c) => (c === 0x20 || c === 9 ? 1 : 0));
  const isLegal = library('c: dword', 'int', (_t, c) => (isByte(c) ? 1 : 0));
  const toLower = library('c: dword', 'dword', (_t, c) => (isByte(c) ? system().lower[c]! : c));
  const toUpper = library('c: dword', 'dword', (_t, c) => (isByte(c) ? system().upper[c]! : c));
  const unchanged = library('c: dword', 'dword', (_t, c) => c);
  const noJapanese = library('c: dword', 'dword', () => 0);
  const length = library('c: address', 'size', ({ memory }, c) => (memory.u8(c) === 0 ? 0 : 1));
  const next = library('current: address', 'address', (_t, current) => current + 1);
  /** The character before; NULL at the start. */
  const previous = library('start: address, current: address', 'address', (t, start, current) => {
    if (start === 0 || current === 0) return failInvalid(t, EINVAL, 0);
    return current > start ? current - 1 : 0;
  });
  const codeAt = library('str: address', 'dword', ({ memory }, text) => memory.u8(text));
  const advance = library('str: address, count: size', 'address', ({ memory }, text, count) =>
    text === 0 ? 0 : text + byteLength(memory, text, count),
  );
  const count = library('str: address, number: size', 'size', ({ memory }, text, number) =>
    byteLength(memory, text, number),
  );
  /** The first character that is not in the set; NULL when all are. */
  const firstOutside = library('str: address, charset: address', 'address', ({ memory }, text, set) => {
    const members = new Set(memory.bytes(set, byteLength(memory, set)));
    for (let at = text; ; at++) {
      const byte = memory.u8(at);
      if (byte === 0) return 0;
      if (!members.has(byte)) return at;
    }
  });
  const copyCharacter = library('dest: address, src: address', 'void', ({ memory }, dest, src) => {
    memory.setU8(dest, memory.u8(src));
    return 0;
  });
  const singleType = library('c: byte, type: int', 'int', (_t, c) => (c === 0 ? ILLEGAL : SINGLE));
  const typeInString = library('mbstr: address, count: size', 'int', ({ memory }, text, count) =>
    byteLength(memory, text, count + 1) > count ? SINGLE : ILLEGAL,
  );
  return {
    _mbscat: string.strcat,
    _mbscat_l: string.strcat,
    _mbscat_s: secure.strcat_s,
    _mbscat_s_l: secure.strcat_s,
    _mbschr: string.strchr,
    _mbschr_l: string.strchr,
    _mbscmp: string.strcmp,
    _mbscmp_l: string.strcmp,
    _mbscpy: string.strcpy,
    _mbscpy_l: string.strcpy,
    _mbscpy_s: secure.strcpy_s,
    _mbscpy_s_l: secure.strcpy_s,
    _mbscspn: string.strcspn,
    _mbscspn_l: string.strcspn,
    _mbsdup: string._strdup,
    _mbsdup_l: string._strdup,
    _mbslen: string.strlen,
    _mbslen_l: string.strlen,
    _mbsnbcat: string.strncat,
    _mbsnbcat_l: string.strncat,
    _mbsnbcat_s: secure.strncat_s,
    _mbsnbcat_s_l: secure.strncat_s,
    _mbsnbcmp: string.strncmp,
    _mbsnbcmp_l: string.strncmp,
    _mbsnbcpy: string.strncpy,
    _mbsnbcpy_l: string.strncpy,
    _mbsnbcpy_s: secure.strncpy_s,
    _mbsnbcpy_s_l: secure.strncpy_s,
    _mbsnbset: string._strnset,
    _mbsnbset_l: string._strnset,
    _mbsnbset_s: secure._strnset_s,
    _mbsnbset_s_l: secure._strnset_s,
    _mbsncat: string.strncat,
    _mbsncat_l: string.strncat,
    _mbsncat_s: secure.strncat_s,
    _mbsncat_s_l: secure.strncat_s,
    _mbsncmp: string.strncmp,
    _mbsncmp_l: string.strncmp,
    _mbsncpy: string.strncpy,
    _mbsncpy_l: string.strncpy,
    _mbsncpy_s: secure.strncpy_s,
    _mbsncpy_s_l: secure.strncpy_s,
    _mbsnlen: string.strnlen,
    _mbsnlen_l: string.strnlen,
    _mbsnset: string._strnset,
    _mbsnset_l: string._strnset,
    _mbsnset_s: secure._strnset_s,
    _mbsnset_s_l: secure._strnset_s,
    _mbspbrk: string.strpbrk,
    _mbspbrk_l: string.strpbrk,
    _mbsrchr: string.strrchr,
    _mbsrchr_l: string.strrchr,
    _mbsrev: string._strrev,
    _mbsrev_l: string._strrev,
    _mbsset: string._strset,
    _mbsset_l: string._strset,
    _mbsset_s: secure._strset_s,
    _mbsset_s_l: secure._strset_s,
    _mbsspn: string.strspn,
    _mbsspn_l: string.strspn,
    _mbsstr: string.strstr,
    _mbsstr_l: string.strstr,
    _mbstok: string.strtok,
    _mbstok_l: string.strtok,
    _mbstok_s: string.strtok_s,
    _mbstok_s_l: string.strtok_s,
    _mbscoll: locale.strcoll,
    _mbscoll_l: locale._strcoll_l,
    _mbsicmp: locale._stricmp,
    _mbsicmp_l: locale._stricmp_l,
    _mbsicoll: locale._stricoll,
    _mbsicoll_l: locale._stricoll_l,
    _mbslwr: locale._strlwr,
    _mbslwr_l: locale._strlwr_l,
    _mbslwr_s: locale._strlwr_s,
    _mbslwr_s_l: locale._strlwr_s_l,
    _mbsnbcoll: locale._strncoll,
    _mbsnbcoll_l: locale._strncoll_l,
    _mbsnbicmp: locale._strnicmp,
    _mbsnbicmp_l: locale._strnicmp_l,
    _mbsnbicoll: locale._strnicoll,
    _mbsnbicoll_l: locale._strnicoll_l,
    _mbsncoll: locale._strncoll,
    _mbsncoll_l: locale._strncoll_l,
    _mbsnicmp: locale._strnicmp,
    _mbsnicmp_l: locale._strnicmp_l,
    _mbsnicoll: locale._strnicoll,
    _mbsnicoll_l: locale._strnicoll_l,
    _mbsupr: locale._strupr,
    _mbsupr_l: locale._strupr_l,
    _mbsupr_s: locale._strupr_s,
    _mbsupr_s_l: locale._strupr_s_l,
    _ismbcalnum: isCharacter(ALPHA | DIGIT),
    _ismbcalnum_l: isCharacter(ALPHA | DIGIT),
    _ismbcalpha: isCharacter(ALPHA),
    _ismbcalpha_l: isCharacter(ALPHA),
    _ismbcdigit: isCharacter(DIGIT),
    _ismbcdigit_l: isCharacter(DIGIT),
    _ismbcgraph: isCharacter(GRAPH),
    _ismbcgraph_l: isCharacter(GRAPH),
    _ismbclower: isCharacter(LOWER),
    _ismbclower_l: isCharacter(LOWER),
    _ismbcprint: isCharacter(PRINT),
    _ismbcprint_l: isCharacter(PRINT),
    _ismbcpunct: isCharacter(PUNCT),
    _ismbcpunct_l: isCharacter(PUNCT),
    _ismbcspace: isCharacter(SPACE),
    _ismbcspace_l: isCharacter(SPACE),
    _ismbcupper: isCharacter(UPPER),
    _ismbcupper_l: isCharacter(UPPER),
    _ismbbalnum: isCharacter(ALPHA | DIGIT),
    _ismbbalnum_l: isCharacter(ALPHA | DIGIT),
    _ismbbalpha: isCharacter(ALPHA),
    _ismbbalpha_l: isCharacter(ALPHA),
    _ismbbgraph: isCharacter(GRAPH),
    _ismbbgraph_l: isCharacter(GRAPH),
    _ismbbprint: isCharacter(PRINT),
    _ismbbprint_l: isCharacter(PRINT),
    _ismbbpunct: isCharacter(PUNCT),
    _ismbbpunct_l: isCharacter(PUNCT),
    _ismbbkalnum: none,
    _ismbbkalnum_l: none,
    _ismbbkana: none,
    _ismbbkana_l: none,
    _ismbbkprint: none,
    _ismbbkprint_l: none,
    _ismbbkpunct: none,
    _ismbbkpunct_l: none,
    _ismbblead: none,
    _ismbblead_l: none,
    _ismbbtrail: none,
    _ismbbtrail_l: none,
    _ismbchira: none,
    _ismbchira_l: none,
    _ismbckata: none,
    _ismbckata_l: none,
    _ismbcl0: none,
    _ismbcl0_l: none,
    _ismbcl1: none,
    _ismbcl1_l: none,
    _ismbcl2: none,
    _ismbcl2_l: none,
    _ismbcsymbol: none,
    _ismbcsymbol_l: none,
    _ismbslead: noneInString,
    _ismbslead_l: noneInString,
    _ismbstrail: noneInString,
    _ismbstrail_l: noneInString,
    _ismbcblank: isBlank,
    _ismbcblank_l: isBlank,
    _ismbbblank: isBlank,
    _ismbbblank_l: isBlank,
    _ismbclegal: isLegal,
    _ismbclegal_l: isLegal,
    _mbctolower: toLower,
    _mbctolower_l: toLower,
    _mbctoupper: toUpper,
    _mbctoupper_l: toUpper,
    _mbclen: length,
    _mbclen_l: length,
    _mbsinc: next,
    _mbsinc_l: next,
    _mbsdec: previous,
    _mbsdec_l: previous,
    _mbsnextc: codeAt,
    _mbsnextc_l: codeAt,
    _mbsninc: advance,
    _mbsninc_l: advance,
    _mbsnbcnt: count,
    _mbsnbcnt_l: count,
    _mbsnccnt: count,
    _mbsnccnt_l: count,
    _mbstrlen: string.strlen,
    _mbstrlen_l: string.strlen,
    _mbstrnlen: string.strnlen,
    _mbstrnlen_l: string.strnlen,
    _mbsspnp: firstOutside,
    _mbsspnp_l: firstOutside,
    _mbccpy: copyCharacter,
    _mbccpy_l: copyCharacter,
    _mbsbtype: typeInString,
    _mbsbtype_l: typeInString,
    _mbbtype: singleType,
    _mbbtype_l: singleType,
    _mbbtombc: unchanged,
    _mbbtombc_l: unchanged,
    _mbctombb: unchanged,
    _mbctombb_l: unchanged,
    _mbcjistojms: noJapanese,
    _mbcjistojms_l: noJapanese,
    _mbcjmstojis: noJapanese,
    _mbcjmstojis_l: noJapanese,
    _mbctohira: unchanged,
    _mbctohira_l: unchanged,
    _mbctokata: unchanged,
    _mbctokata_l: unchanged,
  };
});

import { ANSI_CODE_PAGE, isSingleByte, OEM_CODE_PAGE, UTF8 } from '../../process/code-pages.ts';

/** setlocale's categories. */
export const LC_ALL = 0;
export const LC_CTYPE = 2;
export const LC_MONETARY = 3;
export const LC_NUMERIC = 4;

/** A locale by the name that setlocale answers; code page 0 is "C". */
export interface LocaleName {
  readonly name: string;
  readonly codePage: number;
}

/** language[_country][.codepage], or a tag such as en-US. */
const FORM = /^([a-z][a-z ]*)?(?:[_-]([a-z][a-z ]*))?(?:\.([\w-]+))?$/i;
const ENGLISH = [
  'english',
  'american',
  'american english',
  'american-english',
  'english-american',
  'english-us',
  'us',
  'usa',
  'enu',
  'en',
];
const COUNTRY = ['united states', 'united states of america', 'america', 'us', 'usa'];

/**
 * The locale that a name means; undefined for one that is none here. There are "C" and English of the United States, in
 * single-byte code pages and, for the Universal C Runtime, in UTF-8
 * (https://learn.microsoft.com/cpp/c-runtime-library/locale-names-languages-and-country-region-strings).
 */
export function localeNamed(text: string, universal: boolean): LocaleName | undefined {
  if (text === 'C' || text === 'POSIX') return { name: 'C', codePage: 0 };
  if (text === '') return english(ANSI_CODE_PAGE);
  if (/^en-us$/i.test(text)) return universal ? { name: 'en-US', codePage: ANSI_CODE_PAGE } : undefined;
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [, language, country, page] = match;
  if (language !== undefined && !ENGLISH.includes(language.toLowerCase())) return undefined;
  if (country !== undefined && !COUNTRY.includes(country.toLowerCase())) return undefined;
  const codePage = codePageNamed(page ?? 'ACP', universal);
  if (codePage === undefined) return undefined;
  const tag = universal && language?.toLowerCase() === 'en' && country !== undefined;
  return tag ? { name: text, codePage } : english(codePage);
}

function english(codePage: number): LocaleName {
  return { name: `English_United States.${codePage === UTF8 ? 'utf8' : codePage}`, codePage };
}

function codePageNamed(name: string, universal: boolean): number | undefined {
  if (/^acp$/i.test(name)) return ANSI_CODE_PAGE;
  if (/^ocp$/i.test(name)) return OEM_CODE_PAGE;
  if (/^utf-?8$/i.test(name) || name === '65001') return universal ? UTF8 : undefined;
  return /^\d+$/.test(name) && isSingleByte(Number(name)) ? Number(name) : undefined;
}

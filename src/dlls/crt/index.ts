import type { Family } from '../api.ts';
import { cHandlerApi } from '../support/c-specific-handler.ts';
import { arithmeticApi } from './arithmetic.ts';
import { convertApi } from './convert.ts';
import { ctypeApi } from './ctype.ts';
import { cxxExceptionApi } from './cxx-exception.ts';
import { dynamicCastApi } from './dynamic-cast.ts';
import { environmentApi } from './environment.ts';
import { errnoApi } from './errno.ts';
import { exitApi } from './exit.ts';
import { filesystemApi } from './filesystem.ts';
import { findApi } from './find.ts';
import { floatDigitsApi } from './float-digits.ts';
import { fpControlApi } from './fp-control.ts';
import { jumpApi } from './jump.ts';
import { localeApi } from './locale.ts';
import { lockApi } from './lock.ts';
import { lowioApi } from './lowio.ts';
import { mallocApi } from './malloc.ts';
import { mathApi } from './math.ts';
import { mbstringApi } from './mbstring.ts';
import { memoryBlockApi } from './memory-block.ts';
import { multibyteApi } from './multibyte.ts';
import { numberTextApi } from './number-text.ts';
import { pathsApi } from './paths.ts';
import { printfApi } from './printf.ts';
import { pureCallApi } from './pure-call.ts';
import { scanfApi } from './scanf.ts';
import { signalApi } from './signal.ts';
import { sortApi } from './sort.ts';
import { stackApi } from './stack.ts';
import { standardExceptionApi } from './standard-exception.ts';
import { startupApi } from './startup.ts';
import { statApi } from './stat.ts';
import { stdioBytesApi } from './stdio-bytes.ts';
import { stdioFilesApi } from './stdio-files.ts';
import { stringApi } from './string.ts';
import { stringLocaleApi } from './string-locale.ts';
import { stringSecureApi } from './string-secure.ts';
import {
  nameTemplateApi,
  nameTemplateCheckedApi,
  temporaryNamesApi,
  temporaryNamesCheckedApi,
} from './temporary-names.ts';
import { threadBeginApi, threadEndApi } from './thread.ts';
import { timeApi } from './time.ts';
import { futimeApi, utimeApi } from './utime.ts';
import { wideStdioApi } from './wide-stdio.ts';
import { wideStringApi } from './wide-string.ts';

/** What the C runtimes have in common; which DLL exports which is up to msvcrt, ucrtbase and vcruntime140. */
export const crtFamilies: readonly Family[] = [
  startupApi,
  exitApi,
  signalApi,
  lockApi,
  localeApi,
  environmentApi,
  errnoApi,
  mallocApi,
  memoryBlockApi,
  stringApi,
  stringLocaleApi,
  stringSecureApi,
  wideStringApi,
  multibyteApi,
  mbstringApi,
  ctypeApi,
  convertApi,
  numberTextApi,
  floatDigitsApi,
  arithmeticApi,
  mathApi,
  fpControlApi,
  sortApi,
  threadBeginApi,
  threadEndApi,
  timeApi,
  utimeApi,
  futimeApi,
  jumpApi,
  stackApi,
  cHandlerApi('crt'),
  cxxExceptionApi,
  standardExceptionApi,
  dynamicCastApi,
  pureCallApi,
  filesystemApi,
  pathsApi,
  findApi,
  statApi,
  lowioApi,
  stdioFilesApi,
  temporaryNamesApi,
  temporaryNamesCheckedApi,
  nameTemplateApi,
  nameTemplateCheckedApi,
  stdioBytesApi,
  wideStdioApi,
  printfApi,
  scanfApi,
];

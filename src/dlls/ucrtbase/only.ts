import type { Family } from '../api.ts';
import { unexpectedApi } from '../crt/unexpected.ts';
import { typeInfoApi } from '../vcruntime140/type-info.ts';
import { fenvApi } from './fenv.ts';
import { mathC99Api } from './math-c99.ts';
import { onexitApi } from './onexit.ts';
import { ucrtStartupApi } from './startup.ts';
import { stdioCommonApi } from './stdio-common.ts';

/** What the Universal C Runtime has and msvcrt has not. */
export const ucrtOnlyFamilies: readonly Family[] = [
  ucrtStartupApi,
  onexitApi,
  stdioCommonApi,
  mathC99Api,
  fenvApi,
  typeInfoApi,
  unexpectedApi,
];

import { exportedBy, type Family } from '../api.ts';
import { cxxExceptionApi } from '../crt/cxx-exception.ts';
import { dynamicCastApi } from '../crt/dynamic-cast.ts';
import { jumpApi } from '../crt/jump.ts';
import { memoryBlockApi } from '../crt/memory-block.ts';
import { pureCallApi } from '../crt/pure-call.ts';
import { standardExceptionApi } from '../crt/standard-exception.ts';
import { stringApi } from '../crt/string.ts';
import { unexpectedApi } from '../crt/unexpected.ts';
import { wideStringApi } from '../crt/wide-string.ts';
import { isKnownExport } from '../known-exports/index.ts';
import { cHandlerApi } from '../support/c-specific-handler.ts';
import { typeInfoApi } from './type-info.ts';

/** vcruntime140.dll: what the compiler's own code calls. */
export const vcruntimeFamilies = (): readonly Family[] =>
  exportedBy('vcruntime140', FAMILIES, (name) => isKnownExport('vcruntime140', name));

const FAMILIES = [
  memoryBlockApi,
  stringApi,
  wideStringApi,
  jumpApi,
  cHandlerApi('crt'),
  cxxExceptionApi,
  standardExceptionApi,
  dynamicCastApi,
  pureCallApi,
  unexpectedApi,
  typeInfoApi,
];

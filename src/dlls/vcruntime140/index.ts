import { exportedBy, type Family } from '../api.ts';
import { jumpApi } from '../crt/jump.ts';
import { memoryBlockApi } from '../crt/memory-block.ts';
import { stringApi } from '../crt/string.ts';
import { wideStringApi } from '../crt/wide-string.ts';
import { isKnownExport } from '../known-exports/index.ts';
import { typeInfoApi } from './type-info.ts';

/** vcruntime140.dll: what the compiler's own code calls. */
export const vcruntimeFamilies = (): readonly Family[] =>
  exportedBy('vcruntime140', [memoryBlockApi, stringApi, wideStringApi, jumpApi, typeInfoApi], (name) =>
    isKnownExport('vcruntime140', name),
  );

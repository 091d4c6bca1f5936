import { exportedBy, type Family } from '../api.ts';
import { cxxExceptionApi } from '../crt/cxx-exception.ts';
import { isKnownExport } from '../known-exports/index.ts';

/** vcruntime140_1.dll: what Visual C++ 2019 added to the compiler's own runtime, __CxxFrameHandler4. */
export const vcruntime1Families = (): readonly Family[] =>
  exportedBy('vcruntime140_1', [cxxExceptionApi], (name) => isKnownExport('vcruntime140_1', name));

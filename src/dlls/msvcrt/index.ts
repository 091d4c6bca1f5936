import { exportedBy, type Family } from '../api.ts';
import { crtFamilies } from '../crt/index.ts';
import { isKnownExport } from '../known-exports/index.ts';

export { type DataExport, msvcrtData } from '../crt/data.ts';

/** msvcrt.dll: the runtime that Windows itself uses, with the rules of Visual C++ 6. */
export const msvcrtFamilies = (): readonly Family[] =>
  exportedBy('msvcrt', crtFamilies, (name) => isKnownExport('msvcrt', name));

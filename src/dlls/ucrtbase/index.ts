import { exportedBy, type Family } from '../api.ts';
import { crtFamilies } from '../crt/index.ts';
import { isKnownExport } from '../known-exports/index.ts';
import { ucrtOnlyFamilies } from './only.ts';

/** ucrtbase.dll, the Universal C Runtime; the api-ms-win-crt-* sets are this DLL. */
export const ucrtbaseFamilies = (): readonly Family[] =>
  exportedBy('ucrtbase', [...crtFamilies, ...ucrtOnlyFamilies], (name) => isKnownExport('ucrtbase', name));

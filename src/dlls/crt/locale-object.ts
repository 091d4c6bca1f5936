import type { Thread } from '../../process/thread.ts';
import { crtOf } from './state.ts';

/** Code page of a _locale_t, or of the current locale for NULL. */
export function codePageOf(thread: Thread, locale: number): number {
  if (locale === 0) return crtOf(thread.process).codePage;
  return crtOf(thread.process).locales.get(locale)?.codePage ?? 0;
}

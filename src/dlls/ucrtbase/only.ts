import type { Family } from '../api.ts';

/** What the Universal C Runtime has and msvcrt has not. */
export const ucrtOnlyFamilies: readonly Family[] = [];

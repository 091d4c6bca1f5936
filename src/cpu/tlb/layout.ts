import { TRANSLATOR_SCRATCH } from '../../machine/layout.ts';

/**
 * A TLB entry: 16 bytes, the guest page address (64 bits; all ones = empty) and the addend (32 bits) that
 * turns the low 32 bits of a guest address into a host address. Entry number = page number modulo the count.
 */
export const TLB_ADDEND = 8;
export const TLB_INDEX_MASK = 0xfff0;
export const TLB2_INDEX_MASK = 0x7fff0;
/** Where an access that crosses a page is put together. */
export const CROSSING = TRANSLATOR_SCRATCH;

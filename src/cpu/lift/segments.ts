/** Selectors of es cs ss ds fs gs in 64-bit user mode of Windows. */
export const SELECTORS: readonly number[] = [0x2b, 0x33, 0x2b, 0x2b, 0x53, 0x2b];
/** Number of fs; gs follows. Their bases are what counts. */
export const FS = 4;

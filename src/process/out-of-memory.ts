/**
 * The machine or the address space has no room for something that a process needs behind its back: a stack, a
 * heap, a table of ours. Loading refuses the program; an API call answers STATUS_NO_MEMORY.
 */
export class OutOfMemory extends RangeError {}

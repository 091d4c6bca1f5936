/** Why a file is not an image we load; for exit codes and machine-readable verdicts. */
export type RefusalKind =
  | 'empty'
  | 'foreign'
  | 'dos'
  | 'win16'
  | 'truncated'
  | 'machine'
  | 'library'
  | 'object'
  | 'dotnet'
  | 'subsystem'
  | 'damaged'
  | 'unreadable';

/** A file that is not loaded. `refusal` is one sentence without subject or full stop, to stand after "name: ". */
export interface Refusal {
  readonly refusal: string;
  readonly kind: RefusalKind;
}

/** Makes a Refusal. */
export function refuse(kind: RefusalKind, refusal: string): Refusal {
  return { refusal, kind };
}

/** Makes the Refusal of a file that is a PE file, but a broken one. */
export function damaged(what: string): Refusal {
  return refuse('damaged', `damaged Windows program file: ${what}`);
}

/** Makes the Refusal of a file of which what the loader relies on could not be read. */
export function unreadable(): Refusal {
  return refuse('unreadable', 'the file cannot be read, or was changed while it was');
}

/** Tells a Refusal from a result. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refusal' in value;
}

/** A number as reports show addresses and sizes. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

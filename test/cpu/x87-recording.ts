import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { X87Form } from './x87-forms.ts';
import { FLAGS_AT, MEMORY_AT, MEMORY_BYTES, RAX_AT, X87_CASES, X87_STATE_BYTES } from './x87-inputs.ts';

/** Bytes of a form's code in the harness's output: length, then the code. */
export const CODE_BYTES = 16;
const HASH_BYTES = 2;
/** Sign, exponent and significand of ST0 and ST1. */
const VALUE_BYTES = 20;

/**
 * What of a state is compared, as text: control and status word, tags, registers from ST0, memory, flags, rax. The
 * pointers are left out: processors differ in when they set them.
 */
export function visible(state: Uint8Array): string {
  const hex = (from: number, to: number) => Buffer.from(state.subarray(from, to)).toString('hex');
  const registers = Array.from({ length: 8 }, (_, index) => hex(32 + index * 16, 42 + index * 16));
  return [
    hex(0, 5),
    ...registers,
    hex(MEMORY_AT, MEMORY_AT + MEMORY_BYTES),
    hex(FLAGS_AT, FLAGS_AT + 2),
    hex(RAX_AT, RAX_AT + 8),
  ].join(' ');
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value ^ (value >>> 16)) & 0xffff;
}

/** Instruction pointer, data pointer and its selector in an fnstenv image depend on where the test stands. */
function hidePointers(state: Uint8Array): void {
  state.fill(0, MEMORY_AT + 12, MEMORY_AT + 16);
  state.fill(0, MEMORY_AT + 20, MEMORY_AT + 26);
}

/** What is recorded of a case: a hash of what is visible; for transcendentals ST0 and ST1 and a hash of the rest. */
function essence(form: X87Form, given: Uint8Array): Uint8Array {
  const state = given.slice();
  const values = form.ulps > 0 ? VALUE_BYTES : 0;
  if (form.kind === 'pointers') hidePointers(state);
  const out = new Uint8Array(HASH_BYTES + values);
  const rest = state;
  if (values > 0) {
    for (let index = 0; index < 2; index++) {
      out.set(state.subarray(32 + index * 16, 42 + index * 16), HASH_BYTES + index * 10);
      rest.fill(0, 32 + index * 16, 42 + index * 16);
    }
    // C1 tells how the result was rounded.
    rest[3]! &= ~2;
  }
  new DataView(out.buffer).setUint16(0, hash(visible(rest)), true);
  return out;
}

/** What the recorder writes of a form: its code (length first), then the essence of each case. */
export function record(form: X87Form, code: Uint8Array, states: Uint8Array): Uint8Array {
  const parts = [code.subarray(0, code[0]! + 1)];
  for (let index = 0; index < X87_CASES; index++)
    parts.push(essence(form, states.subarray(index * X87_STATE_BYTES, (index + 1) * X87_STATE_BYTES)));
  return new Uint8Array(Buffer.concat(parts));
}

/** A significand with its exponent, so that neighbours differ by one. */
export function ordered(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const exponent = view.getUint16(8, true);
  const magnitude = (BigInt(exponent & 0x7fff) << 63n) + (view.getBigUint64(0, true) & ((1n << 63n) - 1n));
  return exponent & 0x8000 ? -magnitude : magnitude;
}

/** How a state differs from a recorded essence, or ''. */
export function differences(form: X87Form, recorded: Uint8Array, state: Uint8Array): string {
  const got = essence(form, state);
  const seen = visible(state);
  if (got[0] !== recorded[0] || got[1] !== recorded[1]) return `something differs in ${seen}`;
  for (let at = HASH_BYTES; at < recorded.length; at += 10) {
    const distance = ordered(got.subarray(at, at + 10)) - ordered(recorded.subarray(at, at + 10));
    if (distance > form.ulps || distance < -form.ulps) return `${distance} ulps off in ${seen}`;
  }
  return '';
}

/** What recorder/x87.ts recorded on a host CPU, form after form. */
export class X87Recording {
  readonly #bytes = gunzipSync(readFileSync(join(import.meta.dirname, 'recorded/x87.bin.gz')));
  #at = 0;

  next(form: X87Form): { readonly code: Uint8Array; readonly cases: readonly Uint8Array[] } {
    const code = this.#take(this.#take(1)[0]!);
    const size = HASH_BYTES + (form.ulps > 0 ? VALUE_BYTES : 0);
    return { code, cases: Array.from({ length: X87_CASES }, () => this.#take(size)) };
  }
  #take(count: number): Uint8Array {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

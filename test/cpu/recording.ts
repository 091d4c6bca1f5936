import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FORMS } from './forms.ts';

/** What recorder/record.ts recorded on a host CPU. */
export class Recording {
  readonly #bytes = gunzipSync(readFileSync(join(import.meta.dirname, 'recorded/instructions.bin.gz')));
  #at = 0;
  /** Machine code of each form. */
  readonly codes: readonly Uint8Array[] = FORMS.map(() => this.#code());

  #code(): Uint8Array {
    const length = this.#bytes[this.#at++]!;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  /** The state after the next case, given the one before; undefined = #DE. */
  after(before: BigUint64Array): BigUint64Array | undefined {
    const count = this.#bytes[this.#at++]!;
    if (count === 255) return undefined;
    const words = before.slice();
    for (let index = 0; index < count; index++) {
      words[this.#bytes[this.#at]!] = this.#bytes.readBigUInt64LE(this.#at + 1);
      this.#at += 9;
    }
    return words;
  }
}

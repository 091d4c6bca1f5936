/**
 * The one table through which translated code calls what is not in its own module. Index 0 is `leave`. A function is put
 * in its place when it is first looked up: most are called from their own modules only, and the engine copies all there
 * are for each module that imports the table.
 */
export class FunctionTable {
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: 1024 });
  readonly #free: number[] = [];
  #used = 1;
  /** Functions that nobody has looked up, by index. */
  readonly #waiting = new Map<number, WebAssembly.ExportValue>();

  /** Functions in the table. */
  get count(): number {
    return this.#used - 1 - this.#free.length;
  }
  setLeave(leave: WebAssembly.ExportValue): void {
    this.table.set(0, leave);
  }
  add(translated: WebAssembly.ExportValue): number {
    const index = this.#free.pop() ?? this.#used++;
    if (index >= this.table.length) this.table.grow(this.table.length);
    this.#waiting.set(index, translated);
    return index;
  }
  /** Puts the function at an index into the table, if it is not there yet. Yields the index. */
  ready(index: number): number {
    const translated = this.#waiting.get(index);
    if (translated !== undefined) {
      this.table.set(index, translated);
      this.#waiting.delete(index);
    }
    return index;
  }
  /** Adds functions that stay, at consecutive indices; yields the first. */
  addPermanent(functions: readonly WebAssembly.ExportValue[]): number {
    const first = this.#used;
    this.#used += functions.length;
    while (this.#used > this.table.length) this.table.grow(this.table.length);
    functions.forEach((each, number) => {
      this.table.set(first + number, each);
    });
    return first;
  }
  remove(index: number): void {
    if (!this.#waiting.delete(index)) this.table.set(index, null);
    this.#free.push(index);
  }
}

/** The one table through which translated code calls what is not in its own module. Index 0 is `leave`. */
export class FunctionTable {
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: 1024 });
  readonly #free: number[] = [];
  #used = 1;

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
    this.table.set(index, translated);
    return index;
  }
  remove(index: number): void {
    this.table.set(index, null);
    this.#free.push(index);
  }
}

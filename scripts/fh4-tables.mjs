// Writes FuncInfo4 and its maps, the tables of __CxxFrameHandler4, as assembly.
import { compressed, compressedDistance, rva, shortest } from './fh4-encoding.mjs';

const HEADER = { isCatch: 1, isSeparated: 2, unwind: 8, tries: 16, isSynchronous: 32, isNoexcept: 64 };
const HAS = { adjectives: 1, type: 2, variable: 4, rvas: 8, continuations: 16 };
const ACTION = { object: 1, pointer: 2, funclet: 3 };
/** FuncInfo's flags. */
const [SYNCHRONOUS, NOEXCEPT] = [1, 4];

/** The bits whose condition is true. */
const bits = (...pairs) => pairs.reduce((sum, [bit, is]) => sum + (is ? bit : 0), 0);
const lengthOf = (line) => line.split(',').length;

export class TableWriter {
  #varied;
  #turn = 0;
  /** @param varied Whether the forms take turns, the same each time; else all is as short as it can be. */
  constructor(varied) {
    this.#varied = varied;
  }
  take(choices) {
    return this.#varied ? choices[this.#turn++ % choices.length] : choices[0];
  }
  #number(value) {
    const least = shortest(value);
    return compressed(value, this.take([1, 2, 3, 4].filter((length) => length >= least)));
  }
  #distance(from, to) {
    return compressedDistance(from, to, this.take([2, 3, 4]));
  }
  /** Entries are found by how many bytes they are before one another; one more than all of them is outside. */
  #unwindMap({ states }) {
    const lines = [this.#number(states.length)];
    const starts = [];
    let at = 0;
    for (const { next, action, object } of states) {
      const destroys = object && (object.kind === 'pointer' || this.take([true, false]));
      const type = action === undefined ? 0 : destroys ? ACTION[object.kind] : ACTION.funclet;
      const head = this.#number(((at - (next < 0 ? -1 : starts[next])) << 2) | type);
      const tail = destroys ? this.#number(object.offset) : undefined;
      lines.push(head);
      if (type !== 0) lines.push(rva(destroys ? object.destructor : action));
      if (tail) lines.push(tail);
      starts.push(at);
      at += lengthOf(head) + (type !== 0 ? 4 : 0) + (tail ? lengthOf(tail) : 0);
    }
    return lines;
  }
  /** A continuation that is undefined is never taken: the function's start does for it. */
  #handlerMap({ start }, handlers) {
    const lines = [this.#number(handlers.length)];
    for (const { adjectives, type, variable, funclet } of handlers) {
      const { continuations, symbol } = funclet;
      const rvas = continuations.length > 0 && this.take([false, true]);
      const header = bits(
        [HAS.adjectives, adjectives],
        [HAS.type, type],
        [HAS.variable, variable],
        [HAS.rvas, rvas],
      );
      lines.push(`\t.byte\t${header + continuations.length * HAS.continuations}`);
      if (adjectives) lines.push(this.#number(adjectives));
      if (type) lines.push(rva(type));
      if (variable) lines.push(this.#number(variable));
      lines.push(rva(symbol));
      for (const label of continuations)
        lines.push(...(rvas ? [rva(label ?? start)] : this.#distance(start, label ?? start)));
    }
    return lines;
  }
  #ipMap({ start, ips }) {
    const lines = [this.#number(ips.length)];
    let previous = start;
    for (const { label, state } of ips) {
      lines.push(...this.#distance(previous, label), this.#number(state + 1));
      previous = label;
    }
    return lines;
  }
  /** The tables of a function or of one of its catch funclets. */
  write(region) {
    const { info, start, flags, states, tries, parent } = region;
    const name = (kind) => `${info}_${kind}`;
    const isSeparated = this.take([false, true]);
    const header = bits(
      [HEADER.isCatch, parent !== undefined],
      [HEADER.isSeparated, isSeparated],
      [HEADER.unwind, states.length],
      [HEADER.tries, tries.length],
      [HEADER.isSynchronous, flags & SYNCHRONOUS],
      [HEADER.isNoexcept, flags & NOEXCEPT],
    );
    const lines = [`${info}:`, `\t.byte\t${header}`];
    if (states.length > 0) lines.push(rva(name('unwind')));
    if (tries.length > 0) lines.push(rva(name('tries')));
    lines.push(rva(name(isSeparated ? 'parts' : 'ips')));
    if (parent !== undefined) lines.push(this.#number(parent));
    if (states.length > 0) lines.push(`${name('unwind')}:`, ...this.#unwindMap(region));
    if (tries.length > 0) lines.push(`${name('tries')}:`, this.#number(tries.length));
    for (const [i, { low, high, catchHigh }] of tries.entries()) {
      lines.push(...[low, high, catchHigh].map((state) => this.#number(state)), rva(name(`handlers${i}`)));
    }
    for (const [i, { handlers }] of tries.entries())
      lines.push(`${name(`handlers${i}`)}:`, ...this.#handlerMap(region, handlers));
    if (isSeparated) {
      // A part that no exception is in comes first.
      const other = [`${rva(start)}+1`, rva(info)];
      lines.push(`${name('parts')}:`, this.#number(2), ...other, rva(start), rva(name('ips')));
    }
    lines.push(`${name('ips')}:`, ...this.#ipMap(region));
    return lines;
  }
}

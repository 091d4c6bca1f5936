import type { ApiFunction, Kind } from '../dlls/api.ts';
import type { ServiceObserver } from '../dlls/service-table.ts';
import type { Thread } from '../process/thread.ts';

/** Prints API calls as they are made: name and arguments, then the result when the call returns. */
export class Tracer implements ServiceObserver {
  readonly #pattern: RegExp;
  readonly #print: (line: string) => void;
  readonly #wanted = new Map<ApiFunction, boolean>();

  /** `pattern` has '*' and '?'; it is matched with "name" and with "module!name", case aside. */
  constructor(pattern: string, print: (line: string) => void) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    this.#pattern = new RegExp(`^${source}$`, 'i');
    this.#print = print;
  }

  called(_thread: Thread, api: ApiFunction, args: readonly number[]): void {
    if (this.#wants(api)) this.#print(`${api.dll}!${api.name}(${argumentText(api, args)})`);
  }

  returned(thread: Thread, api: ApiFunction, result: number): void {
    if (!this.#wants(api) || api.result === 'void') return;
    const error = result === 0 && isFailure(api.result) ? `, last error ${thread.lastError}` : '';
    this.#print(`    = ${valueText(api.result, result)}${error}`);
  }

  #wants(api: ApiFunction): boolean {
    let wanted = this.#wanted.get(api);
    if (wanted === undefined) {
      wanted = this.#pattern.test(api.name) || this.#pattern.test(`${api.dll}!${api.name}`);
      this.#wanted.set(api, wanted);
    }
    return wanted;
  }
}

/** Results whose 0 may mean failure. */
function isFailure(kind: Kind): boolean {
  return kind === 'bool' || kind === 'address' || kind === 'handle' || kind === 'size';
}

function argumentText(api: ApiFunction, args: readonly number[]): string {
  const parts: string[] = [];
  let slot = 0;
  for (const { name, kind } of api.parameters) {
    if (kind === 'opaque64') {
      const high = args[slot + 1]!.toString(16).padStart(8, '0');
      parts.push(`${name}=0x${high}${args[slot]!.toString(16).padStart(8, '0')}`);
      slot += 2;
    } else parts.push(`${name}=${valueText(kind, args[slot++]!)}`);
  }
  if (api.variadic) parts.push('...');
  return parts.join(', ');
}

function valueText(kind: Kind, value: number): string {
  if (kind === 'int' || kind === 'handle' || kind === 'bool') return String(value);
  return `0x${value.toString(16)}`;
}

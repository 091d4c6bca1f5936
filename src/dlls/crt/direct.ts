import { DIRECT_CODE } from './direct-code.ts';

/** DLLs whose functions of these names are those of the C runtime. */
const RUNTIMES: ReadonlySet<string> = new Set(['msvcrt', 'ucrtbase', 'vcruntime140']);
/** mov eax, service; syscall; ret: how code ends that leaves long work to the host. */
const STUB = [0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3];

/**
 * Machine code that does what an API function does, so that translated code need not leave for the host; undefined where
 * there is none. Nobody sees its calls: a run that is traced has stubs instead.
 */
export function directCode(dll: string, name: string, service: number): Uint8Array | undefined {
  if (!RUNTIMES.has(dll)) return undefined;
  const hex = DIRECT_CODE[name === 'memcpy' ? 'memmove' : name];
  if (hex === undefined) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = digit(hex, i * 2) * 16 + digit(hex, i * 2 + 1);
  const stub = bytes.length - STUB.length;
  if (STUB.every((byte, i) => bytes[stub + i] === byte))
    new DataView(bytes.buffer).setUint32(stub + 1, service, true);
  return bytes;
}

/** The value of a digit 0-9 or a-f. */
function digit(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return (code & 15) + (code >> 6) * 9;
}

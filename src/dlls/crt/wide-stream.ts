import type { Thread } from '../../process/thread.ts';
import { descriptorOf } from './descriptor.ts';
import { EILSEQ, failErrno } from './errno.ts';
import { narrow } from './locale-text.ts';
import { crtOf } from './state.ts';
import { EOF, fileNumber, putBytes, putText } from './stream.ts';
import { wideBytes } from './text.ts';

/**
 * Wide text to a stream: in text mode the bytes of the locale, in binary mode the units themselves
 * (https://learn.microsoft.com/cpp/c-runtime-library/unicode-stream-i-o-in-text-and-binary-modes). 0 or EOF.
 */
export function putWideText(thread: Thread, file: number, text: string): number {
  if (descriptorOf(thread, fileNumber(thread, file))?.text === false)
    return putBytes(thread, file, wideBytes(text));
  const bytes = narrow(crtOf(thread.process).codePage, text);
  return bytes === undefined ? failErrno(thread, EILSEQ, EOF) : putText(thread, file, bytes);
}

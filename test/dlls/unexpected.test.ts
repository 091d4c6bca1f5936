import { describe, expect, it } from 'vitest';
import { unexpectedApi } from '../../src/dlls/crt/unexpected.ts';
import { CrtGuest } from './msvcrt-guest.ts';

/** Ends a program in a test: what a handler does that does not return. */
class Left extends Error {}

/** A process whose handlers note that they were called. */
function guestWithHandlers() {
  const guest = new CrtGuest(undefined, 'ucrtbase');
  const called: string[] = [];
  const noting = (what: string) =>
    guest.callback(() => {
      called.push(what);
      return 0;
    });
  const last = guest.callback(() => {
    called.push('terminate');
    throw new Left();
  });
  guest.call('set_terminate', last);
  return { guest, called, noting };
}

// https://learn.microsoft.com/en-us/cpp/c-runtime-library/reference/set-unexpected-crt
describe('unexpected', () => {
  it('calls terminate as long as nothing is set', () => {
    const { guest, called } = guestWithHandlers();
    expect(() => guest.enter('unexpected', [])).toThrow(Left);
    expect(called).toEqual(['terminate']);
  });
  it('calls the last function that was set, and terminate when that returns', () => {
    const { guest, called, noting } = guestWithHandlers();
    guest.call('set_unexpected', noting('first'));
    guest.call('set_unexpected', noting('second'));
    expect(() => guest.enter('unexpected', [])).toThrow(Left);
    expect(called).toEqual(['second', 'terminate']);
  });
});

describe('set_unexpected', () => {
  it('answers what was set before, and with that sets it again', () => {
    const { guest, called, noting } = guestWithHandlers();
    const handler = noting('handler');
    expect(guest.call('_get_unexpected')).toBe(0);
    expect(guest.call('set_unexpected', handler)).toBe(0);
    expect(guest.call('_get_unexpected')).toBe(handler);
    expect(guest.call('set_unexpected', 0)).toBe(handler);
    expect(() => guest.enter('unexpected', [])).toThrow(Left);
    expect(called).toEqual(['terminate']);
  });
  it('is for one thread', () => {
    const { guest, noting } = guestWithHandlers();
    guest.call('set_unexpected', noting('handler'));
    guest.thread.process.serving = 'ucrtbase';
    const { functions } = unexpectedApi;
    const other = guest.thread.process.createThread(0x10000, 0x1000);
    expect(functions._get_unexpected.plain!(other)).toBe(0);
    expect(functions._get_unexpected.plain!(guest.thread)).not.toBe(0);
  });
});

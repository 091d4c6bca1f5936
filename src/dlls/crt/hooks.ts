import { library } from '../api.ts';
import { type CrtHooks, crtOf } from './state.ts';

/** A function that swaps a hook of the process for another, and answers the old one. */
export function exchange(hook: keyof CrtHooks) {
  return library('function: address', 'address', (thread, func) => {
    const { hooks } = crtOf(thread.process);
    const before = hooks[hook];
    hooks[hook] = func;
    return before;
  });
}
/** A function that answers a hook of the process. */
export function current(hook: keyof CrtHooks) {
  return library('', 'address', (thread) => crtOf(thread.process).hooks[hook]);
}

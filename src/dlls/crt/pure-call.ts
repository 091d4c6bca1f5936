import { calling, family } from '../api.ts';
import { endBadly } from './exit.ts';
import { current, exchange } from './hooks.ts';
import { crtOf } from './state.ts';

const PURE_CALL = 25;
const PAGES =
  'https://learn.microsoft.com/cpp/c-runtime-library/reference/get-purecall-handler-set-purecall-handler';

/** Calls of virtual functions that have no body: R6025. */
export const pureCallApi = family('crt', PAGES, () => ({
  _purecall: calling('', 'int', function* (thread) {
    const { purecall } = crtOf(thread.process).hooks;
    if (purecall !== 0) yield { address: purecall, args: [] };
    return yield* endBadly(thread, PURE_CALL);
  }),
  _set_purecall_handler: exchange('purecall'),
  _get_purecall_handler: current('purecall'),
}));

import { calling, family, library } from '../api.ts';
import { terminate } from './cxx-exception.ts';
import { threadData } from './state.ts';

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/set-unexpected-crt';

/** std::unexpected, which nobody but the program calls. Each thread has a handler of its own. */
export const unexpectedApi = family('crt', PAGES, () => ({
  set_unexpected: library('unexpFunction: address', 'address', (thread, handler) => {
    const data = threadData(thread);
    const before = data.unexpectedHandler;
    data.unexpectedHandler = handler;
    return before;
  }),
  _get_unexpected: library('', 'address', (thread) => threadData(thread).unexpectedHandler),
  /** The handler does not return to us; should it, it is as if there were none. */
  unexpected: calling('', 'void', function* (thread) {
    const handler = threadData(thread).unexpectedHandler;
    if (handler !== 0) yield { address: handler, args: [] };
    return yield* terminate(thread);
  }),
}));

import { GuestFault } from '../../memory/guest-memory.ts';
import { CorruptTables } from '../../process/cxx-tables.ts';
import { dynamicCast, wholeObject } from '../../process/run-time-types.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, type Declaration, family, type Kind, type ParametersOf } from '../api.ts';
import { THROWING_FRAME, throwStandard } from './standard-exception.ts';

/** A function that looks at an object, or throws. What has no virtual functions is refused with this text. */
function looking<const S extends string>(
  list: S,
  result: Kind,
  refusal: string,
  look: (thread: Thread, ...args: ParametersOf<S>) => number,
): Declaration<ParametersOf<S>> {
  return calling(
    list,
    result,
    // biome-ignore lint/correctness/useYield: it has a frame, where what it throws is kept, but calls nobody
    function* (thread, ...args) {
      try {
        return look(thread, ...args);
      } catch (error) {
        if (!(error instanceof GuestFault || error instanceof CorruptTables)) throw error;
        return throwStandard(thread, '__non_rtti_object', refusal);
      }
    },
    THROWING_FRAME,
  );
}

const NO_DATA = 'Access violation - no RTTI data!';
const PAGES = 'https://learn.microsoft.com/cpp/cpp/run-time-type-information';

/** What dynamic_cast and typeid call. `vfDelta`: how far the object's table of virtual functions is behind `inptr`'s own part. */
export const dynamicCastApi = family('crt', PAGES, () => ({
  __RTDynamicCast: looking(
    'inptr: address, vfDelta: int, SrcType: address, TargetType: address, isReference: bool',
    'address',
    NO_DATA,
    (thread, object, delta, source, target, isReference) => {
      if (object === 0) return 0;
      const found = dynamicCast(thread.memory, object, object - delta, source, target);
      if (found !== 0 || isReference === 0) return found;
      return throwStandard(thread, 'bad_cast', 'Bad dynamic_cast!');
    },
  ),
  __RTCastToVoid: looking('inptr: address', 'address', NO_DATA, ({ memory }, object) =>
    object === 0 ? 0 : wholeObject(memory, object).address,
  ),
  __RTtypeid: looking('inptr: address', 'address', 'Bad read pointer - no RTTI data!', (thread, object) =>
    object === 0
      ? throwStandard(thread, 'bad_typeid', 'Attempted a typeid of NULL pointer!')
      : wholeObject(thread.memory, object).type,
  ),
}));

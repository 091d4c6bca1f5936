import { servicesOfAll } from '../dlls/services.ts';
import { buildOwnImage, type OwnImage } from './dll-images.ts';
import { ownDlls } from './own-dlls.ts';

let services: ReturnType<typeof servicesOfAll> | undefined;

/**
 * The images of our own DLLs by file name, each made when it is asked for. scripts/build.mjs puts what they return in the
 * place of this file: making them asks every family for its functions, which is a twelfth of the start of a small program.
 */
export const ownImages: ReadonlyMap<string, () => OwnImage> = new Map(
  ownDlls().map((own) => [
    `${own.dll}.dll`,
    () => {
      services ??= servicesOfAll();
      return buildOwnImage(own, services.get(own.dll)!, false);
    },
  ]),
);
